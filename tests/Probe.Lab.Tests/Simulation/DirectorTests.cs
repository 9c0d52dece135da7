using Probe.Core.Packets;
using Probe.Lab.Simulation;

namespace Probe.Lab.Tests.Simulation;

/// <summary>What clients of a virtual address see of the director before the real servers.</summary>
public sealed class DirectorTests
{
    private static readonly IpAddress s_near = IpAddress.Parse("10.0.0.2");

    [Theory]
    [MemberData(nameof(Tunnels.All), MemberType = typeof(Tunnels))]
    public void The_entry_tells_what_fits_its_tunnel_from_the_virtual_address(string name, bool isV6)
    {
        var plan = Tunnels.Plan(name);
        var fits = 1500 - plan.Overhead;
        Assert.True(plan.FromClient().IsServed(Syn(isV6, fits)));
        var answer = plan.FromClient().AskOne(Syn(isV6, fits + 1));
        AssertTooBig(answer, Vip(isV6), (uint)fits);

        // The whole quote is of the client's packet, its TTL as it came to the director.
        Assert.Equal(Syn(isV6, fits + 1)[(isV6 ? 8 : 12)..(isV6 ? 44 : 28)], answer.Quote[(isV6 ? 8 : 12)..(isV6 ? 44 : 28)]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Ipvs_schedules_syns_and_datagrams_and_answers_the_rest_itself(bool isV6)
    {
        var topology = Tunnels.Plan("gue").FromClient();
        Assert.Equal("s1", ServedBy(topology, Syn(isV6, 0)));
        Assert.Equal("s1", ServedBy(topology, Probes.Udp(isV6: isV6)));
        Assert.Equal("d", ServedBy(topology, Probes.Tcp(isV6: isV6, flags: TcpFlags.Ack, data: 1440 - 40)));
        Assert.Equal("d", ServedBy(topology, Probes.Echo(isV6: isV6, size: 1500)));
        var reset = topology.AskOne(Probes.Tcp(isV6: isV6, flags: TcpFlags.Ack, data: 1400));
        Assert.Equal((Vip(isV6), TcpFlags.Rst), (reset.From, reset.Flags));
    }

    [Fact]
    public void Packets_of_a_connection_that_ipvs_knows_are_forwarded()
    {
        var network = new SimulatedNetwork(Tunnels.Plan("gue").FromClient());
        var acknowledgment = Assert.Single(network.Ask(Syn(isV6: false, 0))).Sequence + 1;
        var acknowledged = Assert.Single(network.Ask(Probes.Tcp(from: 40001, flags: TcpFlags.Ack, sequence: 1001, acknowledgment: acknowledgment, data: 1428)));
        Assert.Equal(TcpFlags.Ack, acknowledged.Flags);
        AssertTooBig(Assert.Single(network.Ask(Probes.Tcp(from: 40001, flags: TcpFlags.Ack, sequence: 1001, acknowledgment: acknowledgment, data: 1429))), Vip(isV6: false), 1468);
    }

    [Fact]
    public void Ports_that_are_not_balanced_are_the_directors_own()
    {
        var plan = Tunnels.Plan("ipip") with { Balancing = new DirectorSpec { FirstPort = 80, LastPort = 81 } };
        Assert.Equal("s1", ServedBy(plan.FromClient(), Probes.Tcp(to: 81)));
        Assert.Equal("d", ServedBy(plan.FromClient(), Probes.Tcp(to: 82)));
        Assert.Equal("d", ServedBy(plan.FromClient(), Probes.Udp(to: 79)));
    }

    [Fact]
    public void A_stateless_director_passes_everything_on_and_says_nothing()
    {
        var plan = Tunnels.Plan("gue") with { Balancing = DirectorSpec.Stateless };
        Assert.Equal("s1", ServedBy(plan.FromClient(), Probes.Tcp(flags: TcpFlags.Ack, data: 1428)));
        Assert.Equal("s1", ServedBy(plan.FromClient(), Probes.Echo(size: 1468)));
        Assert.Empty(plan.FromClient().Ask(Probes.Tcp(flags: TcpFlags.Ack, data: 1429)));
        var network = new SimulatedNetwork((plan with { OuterMtu = 1400 }).FromClient());
        Assert.Empty(network.Ask(Probes.Tcp(flags: TcpFlags.Ack, data: 1340)));
        Assert.Empty(network.Ask(Probes.Tcp(flags: TcpFlags.Ack, data: 1340)));
        Assert.Equal(2, network.Journal.Entries.Count(entry => entry is { Kind: JournalKind.Delivered, Node: "d" } && entry.Octets.Span[9] == IpProtocol.Icmp));
        Assert.NotEmpty(network.Ask(Probes.Tcp(flags: TcpFlags.Ack, data: 1328)));
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(68u)]
    [InlineData(9000u)]
    public void The_entry_may_tell_any_mtu(uint told)
    {
        var plan = Tunnels.Plan("ipip") with { Balancing = new DirectorSpec { ToldMtu = told } };
        foreach (var isV6 in new[] { false, true })
        {
            AssertTooBig(plan.FromClient().AskOne(Syn(isV6, 1481)), Vip(isV6), told);
            Assert.True(plan.FromClient().IsServed(Syn(isV6, 1480)));
        }
    }

    [Fact]
    public void The_entry_may_be_silent()
    {
        var plan = Tunnels.Plan("ipip") with { Balancing = new DirectorSpec { SaysTooBig = false } };
        var network = new SimulatedNetwork(plan.FromClient());
        Assert.Empty(network.Ask(Syn(isV6: false, 1481)));
        Assert.Contains(network.Journal.Of(JournalKind.Unanswered), entry => entry is { Node: "d", Reason: DropReason.Silent });
        Assert.True(plan.FromClient().IsServed(Syn(isV6: false, 1480)));
    }

    [Theory]
    [InlineData(DirectorRelay.Right, "gue", 1368u)]
    [InlineData(DirectorRelay.OuterHeaderOnly, "gue", 1380u)]
    [InlineData(DirectorRelay.OuterHeaderOnly, "fou", 1380u)]
    [InlineData(DirectorRelay.OuterHeaderOnly, "gue6", 1360u)]
    [InlineData(DirectorRelay.NothingSubtracted, "gue", 1400u)]
    [InlineData(DirectorRelay.Right, "vxlan", 1350u)]
    [InlineData(DirectorRelay.Right, "gue+ipip", 1348u)]
    public void An_error_from_the_tunnels_path_is_relayed_right_or_wrong(DirectorRelay relay, string name, uint told)
    {
        var plan = Tunnels.Plan(name, outer: 1400) with { Balancing = new DirectorSpec { Relay = relay } };
        var right = 1400 - plan.Overhead;
        foreach (var isV6 in new[] { false, true })
        {
            var network = new SimulatedNetwork(plan.FromClient());
            var probe = Syn(isV6, 1410);
            var answer = Assert.Single(network.Ask(probe));
            AssertTooBig(answer, Vip(isV6), told);
            Assert.Equal(probe[^24..], answer.Quote.Length >= probe.Length ? answer.Quote[^24..] : probe[^24..]);
            Assert.True(answer.Quote.AsSpan(isV6 ? 40 : 20, 8).SequenceEqual(probe.AsSpan(isV6 ? 40 : 20, 8)));

            // What it has learned the entry tells by itself, and rightly.
            AssertTooBig(Assert.Single(network.Ask(Syn(isV6, right + 1))), Vip(isV6), (uint)right);
            Assert.Contains(network.Ask(Syn(isV6, right)), reply => reply.Flags == (TcpFlags.Syn | TcpFlags.Ack));
        }
    }

    [Fact]
    public void A_director_that_does_not_learn_relays_each_time()
    {
        var plan = Tunnels.Plan("gue", outer: 1400) with { Balancing = new DirectorSpec { Relay = DirectorRelay.OuterHeaderOnly, LearnsOuterMtu = false } };
        var network = new SimulatedNetwork(plan.FromClient());
        AssertTooBig(Assert.Single(network.Ask(Syn(isV6: false, 1468))), Vip(isV6: false), 1380);
        AssertTooBig(Assert.Single(network.Ask(Syn(isV6: false, 1380))), Vip(isV6: false), 1380);
    }

    [Fact]
    public void A_director_that_relays_nothing_is_a_hole_below_the_limit_it_knows_itself()
    {
        var plan = Tunnels.Plan("gue", outer: 1400) with { Balancing = new DirectorSpec { Relay = DirectorRelay.Missing } };
        var network = new SimulatedNetwork(plan.FromClient());
        Assert.Empty(network.Ask(Syn(isV6: false, 1369)));
        Assert.Empty(network.Ask(Syn(isV6: false, 1369)));
        Assert.Contains(network.Ask(Syn(isV6: false, 1368)), answer => answer.Flags == (TcpFlags.Syn | TcpFlags.Ack));
        AssertTooBig(Assert.Single(network.Ask(Syn(isV6: false, 1469))), Vip(isV6: false), 1468);
    }

    [Theory]
    [InlineData(0u, 552u)]
    [InlineData(68u, 552u)]
    [InlineData(1300u, 1300u)]
    public void What_the_tunnels_router_tells_is_taken_as_Linux_takes_it(uint told, uint learned)
    {
        var topology = Tunnels.Plan("ipip", outer: 1400).FromClient().With("r2", node => node with { TooBig = new TooBigPolicy { Lies = Protocols.All, Mtu = told } });
        var network = new SimulatedNetwork(topology);
        AssertTooBig(Assert.Single(network.Ask(Syn(isV6: false, 1410))), Vip(isV6: false), learned - 20);
        AssertTooBig(Assert.Single(network.Ask(Syn(isV6: false, 1380))), Vip(isV6: false), learned - 20);
    }

    [Fact]
    public void A_quote_of_28_octets_is_too_short_to_be_relayed()
    {
        var plan = Tunnels.Plan("gue", outer: 1400);
        var topology = plan.FromClient().With("r2", node => node with { Errors = new ErrorPolicy { Quote = new QuoteSpec { Length = QuoteLength.HeaderAndEight } } });
        var network = new SimulatedNetwork(topology);
        Assert.Empty(network.Ask(Syn(isV6: false, 1400)));
        AssertTooBig(Assert.Single(network.Ask(Syn(isV6: false, 1400))), Vip(isV6: false), 1368);
    }

    [Fact]
    public void A_relayed_error_quotes_no_more_than_it_was_shown()
    {
        var plan = Tunnels.Plan("ipip", outer: 1400);
        var topology = plan.FromClient().With("r2", node => node with { Errors = new ErrorPolicy { Quote = new QuoteSpec { Length = QuoteLength.First128 } } });
        var probe = Syn(isV6: false, 1450);
        var answer = topology.AskOne(probe);
        Assert.Equal(108, answer.Quote.Length);
        Assert.Equal(probe[20..108], answer.Quote[20..]);
    }

    [Fact]
    public void Ipv6_of_1280_octets_passes_a_tunnel_that_is_too_small_for_it_in_pieces()
    {
        var plan = Tunnels.Plan("gue", entry: 1300);
        var topology = plan.FromClient();
        Assert.True(topology.IsServed(Syn(isV6: true, 1280)));
        AssertTooBig(topology.AskOne(Syn(isV6: true, 1281)), Vip(isV6: true), 1280);
        Assert.Equal(1280, new GroundTruth(topology).PathMtu(Syn(isV6: true, 0)));
        Assert.Equal(1268, new GroundTruth(topology).PathMtu(Syn(isV6: false, 0)));
    }

    [Fact]
    public void Without_df_the_outer_packet_is_fragmented()
    {
        var network = new SimulatedNetwork(Tunnels.Plan("gue").FromClient());
        Assert.NotEmpty(network.Ask(Without(Probes.Udp(size: 1500))));
        Assert.Equal(2, network.Journal.Entries.Count(entry => entry is { Kind: JournalKind.Arrived, Node: "r2", Link: "d>r2" }));
    }

    [Fact]
    public void Ttl_runs_out_in_the_director_and_in_the_tunnel_and_both_say_so_as_the_virtual_address()
    {
        var topology = Tunnels.Plan("gue").FromClient();
        Assert.Equal(s_near, topology.AskOne(Probes.Tcp(ttl: 1)).From);
        foreach (var ttl in new[] { 2, 3 })
        {
            foreach (var isV6 in new[] { false, true })
            {
                var answer = topology.AskOne(Probes.Tcp(ttl: ttl, isV6: isV6));
                Assert.True(answer.IsTimeExceeded && answer.From == Vip(isV6), $"ttl {ttl}");
            }
        }

        Assert.Equal(TcpFlags.Syn | TcpFlags.Ack, topology.AskOne(Probes.Tcp(ttl: 4)).Flags);
    }

    [Fact]
    public void A_flow_stays_with_its_server_and_flows_are_shared_among_servers()
    {
        var plan = Tunnels.Plan("ipip") with { Servers = 3 };
        var network = new SimulatedNetwork(plan.FromClient());
        var servers = new Dictionary<string, int>(StringComparer.Ordinal);
        for (ushort port = 1000; port < 1090; port++)
        {
            var first = ServedBy(network, Probes.Tcp(from: port));
            Assert.Equal(first, ServedBy(network, Probes.Tcp(from: port, flags: TcpFlags.Ack, data: 10)));
            Assert.Equal(first, Assert.Single(new GroundTruth(plan.FromClient()).Paths(Probes.Tcp(from: port))).Nodes[^1]);
            servers[first] = servers.GetValueOrDefault(first) + 1;
        }

        Assert.Equal(["s1", "s2", "s3"], servers.Keys.Order(StringComparer.Ordinal));
        Assert.All(servers.Values, count => Assert.InRange(count, 10, 60));
    }

    [Fact]
    public void An_error_about_a_servers_answer_reaches_the_server_of_that_connection()
    {
        var plan = Tunnels.Plan("ipip") with { ReturnMtu = 1400 };
        var topology = plan.FromClient().With("s1", node => node with
        {
            Host = new HostSpec { DontFragment = true, Udp = [new UdpService { Port = 33434, Behaviour = UdpBehaviour.Echo }] },
        });
        var network = new SimulatedNetwork(topology);
        Assert.Empty(network.Ask(Probes.Udp(size: 1450)));
        Assert.Contains(network.Journal.Of(JournalKind.Delivered), entry => entry.Node == "s1" && entry.Octets.Length < 1400 && entry.Octets.Span[9] == IpProtocol.Icmp);
        network.ReassemblesAtVantage = true;
        Assert.Equal(1450, Assert.Single(network.Ask(Probes.Udp(size: 1450))).Octets.Length);
    }

    private static IpAddress Vip(bool isV6) => isV6 ? TopologyBuilder.TargetV6 : TopologyBuilder.TargetV4;

    // A SYN of this many octets in all.
    private static byte[] Syn(bool isV6, int size) => Probes.Tcp(isV6: isV6, from: 40001, data: Math.Max(0, size - (isV6 ? 60 : 40)));

    private static byte[] Without(byte[] packet)
    {
        var read = new SimulatedPacket();
        Assert.True(read.TrySet(packet));
        read.Octets[6] = 0;
        read.RewriteHeaderChecksum();
        return read.Octets.ToArray();
    }

    private static string ServedBy(Topology topology, byte[] packet) => ServedBy(new SimulatedNetwork(topology), packet);

    private static string ServedBy(SimulatedNetwork network, byte[] packet)
    {
        var before = network.Journal.Total;
        network.Ask(packet);
        return network.Journal.Entries.Skip((int)before).Last(entry => entry.Kind == JournalKind.Delivered && entry.Node != "h").Node;
    }

    private static void AssertTooBig(Answer answer, IpAddress from, uint mtu)
    {
        Assert.Equal(from, answer.From);
        Assert.Equal(from.IsV6 ? (IcmpType.PacketTooBigV6, (byte)0) : (IcmpType.DestinationUnreachable, IcmpType.FragmentationNeededCode), (answer.Type, answer.Code));
        Assert.Equal(mtu, answer.Mtu);
    }
}
