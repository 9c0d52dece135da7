using Probe.Core.Packets;
using Probe.Lab.Simulation;

namespace Probe.Lab.Tests.Simulation;

public sealed class ForwardingTests
{
    private const long Ms = 1_000_000;

    [Theory]
    [InlineData(Protocols.Icmp, false)]
    [InlineData(Protocols.Udp, false)]
    [InlineData(Protocols.Tcp, false)]
    [InlineData(Protocols.Icmp, true)]
    [InlineData(Protocols.Udp, true)]
    [InlineData(Protocols.Tcp, true)]
    public void Each_ttl_of_a_line_is_answered_by_its_router_and_the_last_by_the_target(Protocols protocol, bool isV6)
    {
        var topology = Topologies.Line(5);
        for (var ttl = 1; ttl <= 5; ttl++)
        {
            var packet = Probes.Of(protocol, ttl, isV6);
            var answer = topology.AskOne(packet);
            Assert.True(answer.IsTimeExceeded);
            Assert.Equal(InboundAddress(topology, $"r{ttl}", isV6), answer.From);
            Assert.Equal(2 * ttl * Ms, answer.AtNs);
            Assert.Equal(64 - (ttl - 1), answer.Ttl);

            // The quote is the packet as the router got it: TTL 1, all else untouched.
            var expected = packet.ToArray();
            Assert.Equal(1, answer.Quote[isV6 ? 7 : 8]);
            expected[isV6 ? 7 : 8] = 1;
            Assert.Equal(isV6 ? expected : [.. expected[..10], .. answer.Quote[10..12], .. expected[12..]], answer.Quote);
        }

        var last = topology.AskOne(Probes.Of(protocol, 6, isV6));
        Assert.Equal(isV6 ? TopologyBuilder.TargetV6 : TopologyBuilder.TargetV4, last.From);
        Assert.False(last.IsTimeExceeded);
        Assert.Equal(12 * Ms, last.AtNs);
    }

    [Fact]
    public void The_journal_tells_the_whole_way_of_a_packet()
    {
        var network = new SimulatedNetwork(Topologies.Line(2));
        network.Ask(Probes.Udp(ttl: 2));
        var story = network.Journal.Entries.Select(entry => $"{entry.AtNs / Ms} {entry.Kind} {entry.Node} {entry.Link} {entry.Reason} #{entry.Packet}<{entry.Cause}").ToArray();
        Assert.Equal(
        [
            "0 Made h  None #1<0", "0 Sent h h>r1 None #1<0", "1 Arrived r1 h>r1 None #1<0", "1 Sent r1 r1>r2 None #1<0",
            "2 Arrived r2 r1>r2 None #1<0", "2 Dropped r2 r1>r2 Expired #1<0", "2 Made r2  None #-1<1", "2 Sent r2 r2>r1 None #-1<1",
            "3 Arrived r1 r2>r1 None #-1<1", "3 Sent r1 r1>h None #-1<1", "4 Arrived h r1>h None #-1<1", "4 Delivered h r1>h None #-1<1",
        ],
        story);
    }

    [Fact]
    public void A_small_journal_forgets_the_oldest_and_says_how_many()
    {
        var network = new SimulatedNetwork(Topologies.Line(3), new NetworkOptions { JournalCapacity = 8192 });
        for (var i = 0; i < 2000; i++)
        {
            network.Ask(Probes.Udp(ttl: 4), 10 * Ms);
        }

        Assert.Equal(network.Journal.Total, network.Journal.Forgotten + network.Journal.Entries.Count());
        Assert.True(network.Journal.Forgotten > 0);
        Assert.InRange(network.Journal.Entries.Count(), 8192 - 256, 8192 + 256);
        Assert.Equal(JournalKind.Delivered, network.Journal.Entries.Last().Kind);
        Assert.True(IpPacket.TryRead(network.Journal.Entries.First().Octets.Span, out _));
    }

    [Fact]
    public void A_hidden_router_does_not_count()
    {
        var topology = Topologies.Line(3).With("r2", node => node with { Ttl = TtlHandling.Hidden });
        Assert.Equal(InboundAddress(topology, "r3"), topology.AskOne(Probes.Udp(ttl: 2)).From);
        Assert.Equal(TopologyBuilder.TargetV4, topology.AskOne(Probes.Udp(ttl: 3)).From);
    }

    [Fact]
    public void Zero_ttl_forwarding_shows_the_next_router_twice_once_with_a_quoted_zero()
    {
        var topology = Topologies.Line(3).With("r2", node => node with { Ttl = TtlHandling.ForwardsZero });
        var (second, third) = (topology.AskOne(Probes.Udp(ttl: 2)), topology.AskOne(Probes.Udp(ttl: 3)));
        Assert.Equal(InboundAddress(topology, "r3"), second.From);
        Assert.Equal(InboundAddress(topology, "r3"), third.From);
        Assert.Equal(0, second.Quote[8]);
        Assert.Equal(1, third.Quote[8]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_rewritten_traffic_class_shows_in_later_quotes(bool isV6)
    {
        var topology = Topologies.Line(3).With("r2", node => node with { TrafficClass = TrafficClassRewrite.BleachDscp });
        Assert.Equal(0xb9, ClassOf(topology.AskOne(Probes.Echo(ttl: 2, isV6: isV6, trafficClass: 0xb9))));
        Assert.Equal(0x01, ClassOf(topology.AskOne(Probes.Echo(ttl: 3, isV6: isV6, trafficClass: 0xb9))));
        Assert.Equal(0xb8, ClassOf(topology.With("r2", node => node with { TrafficClass = TrafficClassRewrite.BleachEcn }).AskOne(Probes.Echo(ttl: 3, isV6: isV6, trafficClass: 0xb9))));
    }

    [Fact]
    public void A_loop_alternates_and_never_reaches_the_target()
    {
        var topology = Topologies.Line(4).With("r3", node => node with
        {
            Routes = [new RouteSpec { Prefix = IpPrefix.Of(TopologyBuilder.TargetV4), NextHops = [new NextHop("r2")] }],
        });
        var seen = Enumerable.Range(1, 7).Select(ttl => topology.AskOne(Probes.Udp(ttl)).From).ToArray();
        var (r2, r3) = (InboundAddress(topology, "r2"), InboundAddress(topology, "r3"));
        var r2FromBehind = topology.Links.Single(link => link.A.Node == "r2").A.Addresses[0];
        Assert.Equal([InboundAddress(topology, "r1"), r2, r3, r2FromBehind, r3, r2FromBehind, r3], seen);
    }

    [Fact]
    public void One_address_may_answer_at_two_ttls()
    {
        var shared = IpAddress.Parse("10.77.0.1");
        var policy = new ErrorPolicy { From = ReplySource.Fixed, Fixed = [shared] };
        var topology = Topologies.Line(4).With("r2", node => node with { Errors = policy }).With("r3", node => node with { Errors = policy });
        Assert.Equal(shared, topology.AskOne(Probes.Udp(ttl: 2)).From);
        Assert.Equal(shared, topology.AskOne(Probes.Udp(ttl: 3)).From);
        Assert.Empty(topology.Ask(Probes.Udp(ttl: 2, isV6: true)));
    }

    [Fact]
    public void No_route_draws_network_unreachable_and_a_blackhole_route_nothing()
    {
        var nowhere = IpAddress.Parse("198.51.100.1");
        var topology = Topologies.Line(2)
            .With("h", node => node with { Routes = [new RouteSpec { Prefix = IpPrefix.AllV4, NextHops = [new NextHop("r1")] }] })
            .With("r1", node => node with { Routes = [new RouteSpec { Prefix = IpPrefix.AllV4, NextHops = [new NextHop("r2")] }] });
        var answer = topology.AskOne(Probes.Udp(target: nowhere));
        Assert.Equal((IcmpType.DestinationUnreachable, 0), (answer.Type, answer.Code));
        Assert.Equal(InboundAddress(topology, "r2"), answer.From);
        var blackhole = topology.With("r1", node => node with { Routes = node.Routes.Add(new RouteSpec { Prefix = IpPrefix.Parse("198.51.100.0/24"), NextHops = [] }) });
        Assert.Empty(blackhole.Ask(Probes.Udp(target: nowhere)));
    }

    [Fact]
    public void A_route_that_changes_at_an_instant_changes_the_path_then()
    {
        var topology = Topologies.UnequalDiamond([1, 2]).With("s", node => node with
        {
            Routes =
            [
                new RouteSpec { Prefix = IpPrefix.Of(TopologyBuilder.TargetV4), NextHops = [new NextHop("b1")] },
                new RouteSpec { Prefix = IpPrefix.Of(TopologyBuilder.TargetV4), NextHops = [new NextHop("b2.1")], FromNs = 1_000_000_000, UntilNs = 3_000_000_000 },
            ],
        });
        var network = new SimulatedNetwork(topology);
        IpAddress Third() => Assert.Single(network.Ask(Probes.Udp(ttl: 3), 100 * Ms)).From;
        var merge = Third();
        network.Gather(1_000_000_000);
        var longer = Third();
        network.Gather(2_000_000_000);
        Assert.NotEqual(merge, longer);
        Assert.Equal(merge, Third());
        Assert.Equal(InboundAddress(topology, "b2.2"), longer);
    }

    [Fact]
    public void A_prefix_of_targets_answers_at_every_address()
    {
        var topology = Topologies.Line(1).With("t", node => node with { Addresses = node.Addresses.Add(IpPrefix.Parse("10.50.0.0/16")) });
        foreach (var address in new[] { "10.50.0.1", "10.50.77.9" })
        {
            Assert.Equal(IpAddress.Parse(address), topology.AskOne(Probes.Echo(to: IpAddress.Parse(address))).From);
        }
    }

    [Fact]
    public void What_is_no_packet_is_refused_and_time_does_not_go_back()
    {
        var network = new SimulatedNetwork(Topologies.Line(1));
        Assert.Throws<ArgumentException>(() => network.Inject([0x45, 0, 0, 60], 0));
        network.Ask(Probes.Udp());
        Assert.Throws<ArgumentOutOfRangeException>(() => network.Inject(Probes.Udp(), 0));
    }

    internal static IpAddress InboundAddress(Topology topology, string node, bool isV6 = false) =>
        topology.Links.First(link => link.B.Node == node).B.Addresses.First(address => address.IsV6 == isV6);

    private static int ClassOf(Answer answer)
    {
        Assert.True(IpPacket.TryReadQuote(answer.Quote, out var quoted));
        return quoted.TrafficClass;
    }
}
