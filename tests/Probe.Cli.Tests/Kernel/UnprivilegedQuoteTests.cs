using System.Globalization;
using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;
using Probe.Lab.Networks;
using Probe.Lab.Simulation;

namespace Probe.Cli.Tests.Kernel;

/// <summary>
/// What routers quote, as sockets without privilege see it, against the simulated network behind TUN. Of a UDP probe quoted with eight octets
/// after its IP header nothing is left that tells it from the others.
/// </summary>
public sealed class UnprivilegedQuoteTests
{
    private const int Routers = 6;
    private const int Cycles = 3;

    private static readonly QuoteSpec s_short = new() { Length = QuoteLength.HeaderAndEight };

    [NeedsTheory(ProbeInside.Needs | Need.Tun)]
    [MemberData(nameof(ProbeInside.Cases), MemberType = typeof(ProbeInside))]
    public void No_answer_is_taken_for_another_where_everybody_quotes_eight_octets(ProbeProtocol protocol, bool v6)
    {
        var topology = Change(Enumerable.Range(1, Routers), node => node with { Errors = node.Errors with { Quote = s_short } });
        var (trace, result) = Trace(topology, protocol, v6);
        AssertWholePath(topology, trace, v6, result);
        Assert.All(trace.Hops, hop => Assert.Equal((Cycles, Cycles), (hop.Sent, hop.Received)));

        // A millisecond a link and direction: an answer given to the wrong probe would show here.
        Assert.All(trace.Hops, hop => Assert.InRange(Assert.Single(hop.Nodes).RttNs!.Min, hop.Ttl * 2_000_000L, long.MaxValue));
        Assert.Equal(0, trace.LocalLost);
    }

    [NeedsTheory(ProbeInside.Needs | Need.Tun)]
    [InlineData(false)]
    [InlineData(true)]
    public void Some_quote_little_some_are_silent_and_the_rest_is_not_mixed_up(bool v6)
    {
        var topology = Change([2, 5], node => node with { Errors = node.Errors with { Quote = s_short } })
            .With("r3", node => node with { Errors = node.Errors with { Silent = Protocols.Udp } });
        var (trace, result) = Trace(topology, ProbeProtocol.Udp, v6);
        Assert.True(result.Status == 0, result.ToString());
        var truth = Truth(topology, v6);
        Assert.Equal([.. truth[..2], "", .. truth[3..]], trace.Addresses());
        Assert.All(trace.Hops.Where(hop => hop.Ttl != 3), hop => Assert.Equal((Cycles, Cycles), (hop.Sent, hop.Received)));
        Assert.Equal(0, trace.LocalLost);
    }

    [NeedsTheory(ProbeInside.Needs | Need.Tun)]
    [MemberData(nameof(ProbeInside.Cases), MemberType = typeof(ProbeInside))]
    public void Labels_behind_a_quote_are_shown(ProbeProtocol protocol, bool v6)
    {
        var labels = new ExtensionSpec { Mpls = [new MplsLabel(24001, 5, false, 1), new MplsLabel(16, 0, true, 254)] };
        var topology = Change([3], node => node with { Errors = node.Errors with { Extensions = labels } });
        var (trace, result) = Trace(topology, protocol, v6);
        AssertWholePath(topology, trace, v6, result);
        Assert.Equal([24001, 16], trace.Hops[2].Nodes[0].Mpls!.Select(label => label.Label));
        Assert.All(trace.Hops.Where(hop => hop.Ttl != 3), hop => Assert.Null(hop.Nodes[0].Mpls));
    }

    [NeedsTheory(ProbeInside.Needs | Need.Tun)]
    [MemberData(nameof(ProbeInside.Cases), MemberType = typeof(ProbeInside))]
    public void Hops_behind_a_long_link_are_waited_for(ProbeProtocol protocol, bool v6)
    {
        // Nothing before it prepares for a round trip of more than 300 ms.
        var topology = Change(Enumerable.Range(1, Routers), node => node with { Errors = node.Errors with { Quote = s_short } })
            .WithLink("r4", "r5", link => link with { Quality = new LinkQuality { DelayNs = 160_000_000 } });
        var (trace, result) = Trace(topology, protocol, v6);
        AssertWholePath(topology, trace, v6, result);
        Assert.All(trace.Hops, hop => Assert.Equal((Cycles, Cycles), (hop.Sent, hop.Received)));
        Assert.All(trace.Hops.Skip(4), hop => Assert.InRange(Assert.Single(hop.Nodes).RttNs!.Min, 320_000_000, 1_000_000_000));
    }

    private static Topology Change(IEnumerable<int> routers, Func<NodeSpec, NodeSpec> change) => routers.Aggregate(
        Topologies.Line(Routers, new LinkQuality { DelayNs = 1_000_000 }),
        (topology, number) => topology.With($"r{number}", change));

    private static (TraceEvidence Trace, LabResult Result) Trace(Topology topology, ProbeProtocol protocol, bool v6)
    {
        using var lab = new KernelLab();
        var name = lab.AddNamespaces(1)[0];
        KernelLab.Sysctl(name, ("net.ipv4.ping_group_range", "0 2147483647"));
        using var network = RealTimeNetwork.BehindTun(topology, name);
        var target = (v6 ? TopologyBuilder.TargetV6 : TopologyBuilder.TargetV4).ToString();
        var result = lab.Run(name, ProbeInside.Limit, "setpriv",
            [.. ProbeInside.WithoutPrivilege, "trace", "-n", "--json", ProbeInside.Option(protocol), "-c", Cycles.ToString(CultureInfo.InvariantCulture), "-i", "200ms", target]);
        return (Assert.Single(ProbeInside.Read(result).Traces!), result);
    }

    private static void AssertWholePath(Topology topology, TraceEvidence trace, bool v6, LabResult result)
    {
        Assert.True(result.Status == 0, result.ToString());
        Assert.Equal(TraceMode.Unprivileged, trace.Mode);
        Assert.Equal(Truth(topology, v6), trace.Addresses());
    }

    private static string[] Truth(Topology topology, bool v6) =>
        [.. Enumerable.Range(1, Routers).Select(number => topology.AddressOf($"r{number}", v6).ToString()), (v6 ? TopologyBuilder.TargetV6 : TopologyBuilder.TargetV4).ToString()];
}
