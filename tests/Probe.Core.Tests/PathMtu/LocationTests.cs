using Probe.Core.Vocabulary;
using Probe.Lab.Simulation;

namespace Probe.Core.Tests.PathMtu;

/// <summary>Where large packets vanish, by probes of limited TTL.</summary>
public sealed class LocationTests
{
    private const int Limit = 1400;

    [Theory]
    [InlineData(ProbeProtocol.Tcp, false, 0)]
    [InlineData(ProbeProtocol.Tcp, true, 0)]
    [InlineData(ProbeProtocol.Udp, false, 0)]
    [InlineData(ProbeProtocol.Icmp, false, 0)]
    [InlineData(ProbeProtocol.Tcp, false, 0.02)]
    public void The_two_hops_of_a_black_hole_are_named(ProbeProtocol protocol, bool isV6, double loss)
    {
        var wrong = new List<string>();
        var runs = 0;
        for (var routers = 1; routers <= 9; routers++)
        {
            for (var at = 1; at <= routers; at++)
            {
                var topology = Hole(routers, at);
                var run = SimulatedSearch.Run(loss > 0 ? PlainNetworks.WithLoss(topology, loss) : topology, protocol, isV6);
                var last = topology.Links[at - 1].B.Addresses.First(address => address.IsV6 == isV6).ToString();
                var next = at == routers ? topology.AddressOf(TopologyBuilder.Target, isV6).ToString() : topology.Links[at].B.Addresses.First(address => address.IsV6 == isV6).ToString();
                var evidence = run.Evidence;
                runs++;
                // An echo that is lost behind the last router may have died on its way back.
                var isTold = protocol != ProbeProtocol.Icmp || at < routers;
                (int?, int?, string?, string?) wanted = isTold ? (Limit, at, last, next) : (Limit, null, null, null);
                if (isTold != (evidence.Reason is null) || (evidence.Mtu, evidence.Hop, evidence.HopAddress, evidence.NextHopAddress) != wanted)
                {
                    wrong.Add($"{routers} routers, hole at {at}: {evidence.Mtu} hop {evidence.Hop} {evidence.HopAddress} - {evidence.NextHopAddress}");
                }

                Assert.InRange(run.Search.ProbesSent - (evidence.ExactSent ?? 0), 0, loss > 0 ? 200 : 60);
            }
        }

        Assert.True(wrong.Count <= runs * loss, string.Join(Environment.NewLine, wrong));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_limit_on_the_way_back_that_echo_alone_finds_has_no_place(bool isLastRouterSilent)
    {
        var topology = Topologies.Line(4)
            .WithLink("r1", "r2", link => link with { Back = link.Quality with { Mtu = Limit } })
            .With("r2", node => node with { TooBig = PlainNetworks.Silent with { Fragments = false } });
        topology = isLastRouterSilent ? topology.With("r4", node => node with { Errors = node.Errors with { Silent = Protocols.All } }) : topology;
        var evidence = SimulatedSearch.Run(topology, ProbeProtocol.Icmp).Evidence;
        Assert.Equal((Limit, PathMtuVerdict.BlackHole, Confidence.Hint, (PathMtuReason?)PathMtuReason.ReplyPath), (evidence.Mtu, evidence.Verdict, evidence.Confidence, evidence.Reason));
        Assert.Equal((null, null, null), (evidence.Hop, evidence.HopAddress, evidence.NextHopAddress));
    }

    [Fact]
    public void A_silent_hop_before_or_behind_the_hole_is_left_unnamed()
    {
        var behind = SimulatedSearch.Run(Hole(5, 2).With("r3", node => node with { Errors = node.Errors with { Silent = Protocols.All } })).Evidence;
        Assert.Equal((2, "10.0.1.2", null), (behind.Hop, behind.HopAddress, behind.NextHopAddress));
        var before = SimulatedSearch.Run(Hole(5, 3).With("r3", node => node with { Errors = node.Errors with { Silent = Protocols.All } })).Evidence;
        Assert.Equal((2, "10.0.1.2", null), (before.Hop, before.HopAddress, before.NextHopAddress));
    }

    [Fact]
    public void A_path_that_signals_or_is_clear_costs_no_packet_for_a_place()
    {
        Assert.Equal(6, SimulatedSearch.Run(Hole(5, 2).With("r2", node => node with { TooBig = PlainNetworks.Honest })).Search.ProbesSent);
        Assert.Equal(2, SimulatedSearch.Run(Topologies.Line(5)).Search.ProbesSent);
    }

    private static Topology Hole(int routers, int at) => Topologies.Line(routers)
        .WithLink($"r{at}", at == routers ? TopologyBuilder.Target : $"r{at + 1}", link => link with { Quality = link.Quality with { Mtu = Limit } })
        .With($"r{at}", node => node with { TooBig = PlainNetworks.Silent });
}
