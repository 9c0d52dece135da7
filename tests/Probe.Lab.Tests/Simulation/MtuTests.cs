using Probe.Core.Packets;
using Probe.Lab.Simulation;

namespace Probe.Lab.Tests.Simulation;

public sealed class MtuTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Too_big_is_said_with_the_true_mtu_before_the_small_link(bool isV6)
    {
        var topology = Small(1400);
        var answer = topology.AskOne(Probes.Udp(isV6: isV6, size: 1401));
        Assert.Equal((1400u, ForwardingTests.InboundAddress(topology, "r2", isV6)), (answer.Mtu, answer.From));
        Assert.NotEqual(0u, topology.AskOne(Probes.Udp(isV6: isV6, size: 1400)).Type);
        Assert.Equal(isV6 ? TopologyBuilder.TargetV6 : TopologyBuilder.TargetV4, topology.AskOne(Probes.Udp(isV6: isV6, size: 1400)).From);
    }

    [Fact]
    public void A_lie_goes_to_the_chosen_protocol_and_silence_to_another()
    {
        var topology = Small(1400).With("r2", node => node with { TooBig = new TooBigPolicy { Lies = Protocols.Tcp, Mtu = 9000, Silent = Protocols.Udp } });
        var network = new SimulatedNetwork(topology);
        Assert.Equal(9000u, Assert.Single(network.Ask(Probes.Tcp(data: 1460))).Mtu);
        Assert.Equal(1400u, Assert.Single(network.Ask(Probes.Echo(size: 1500))).Mtu);
        Assert.Empty(network.Ask(Probes.Udp(size: 1500)));
        Assert.Contains(network.Journal.Of(JournalKind.Dropped), entry => entry is { Reason: DropReason.TooBig, Node: "r2" });
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(68u)]
    [InlineData(1279u)]
    [InlineData(1_000_000u)]
    public void Packet_too_big_may_say_any_value_below_1280_too(uint mtu)
    {
        var topology = Small(1400).With("r2", node => node with { TooBig = new TooBigPolicy { Lies = Protocols.All, Mtu = mtu } });
        Assert.Equal(mtu, topology.AskOne(Probes.Udp(isV6: true, size: 1500)).Mtu);
    }

    [Fact]
    public void Ttl_runs_out_before_size_is_looked_at()
    {
        Assert.True(Small(1400).AskOne(Probes.Udp(ttl: 2, size: 1500)).IsTimeExceeded);
    }

    [Fact]
    public void Without_df_the_packet_is_fragmented_and_put_together_at_the_target()
    {
        var network = new SimulatedNetwork(Small(600));
        var probe = Probes.Echo(size: 1500, dontFragment: false);
        network.Inject(probe, 0);
        var port = new SimulatedPort(network);
        var sink = new Sink();
        port.Poll(1_000_000_000, sink);
        var reply = Assert.Single(sink.Arrived);
        Assert.Equal(probe[24..], reply.Payload[4..]);
        Assert.Equal(3, network.Journal.Entries.Count(entry => entry is { Kind: JournalKind.Arrived, Node: "r3", Packet: 1 }));
        Assert.All(network.Journal.Entries.Where(entry => entry is { Kind: JournalKind.Arrived, Link: "r2>r3" }), entry => Assert.True(entry.Octets.Length <= 600));
        Assert.Empty(Small(600).With("r2", node => node with { TooBig = new TooBigPolicy { Fragments = false } }).Ask(probe));
    }

    [Fact]
    public void The_way_back_may_have_another_mtu()
    {
        var topology = Topologies.Line(3).WithLink("r2", "r3", link => link with { Back = new LinkQuality { Mtu = 1400 } });
        var network = new SimulatedNetwork(topology);
        network.Inject(Probes.Echo(isV6: true, size: 1450), 0);
        network.Gather();
        var tooBig = network.Journal.Of(JournalKind.Delivered).Where(entry => entry.Node == "t").ToArray();
        Assert.Equal(2, tooBig.Length);
        Assert.Equal(IcmpType.PacketTooBigV6, tooBig[1].Octets.Span[40]);
    }

    private static Topology Small(int mtu) => Topologies.Line(3).WithLink("r2", "r3", link => link with { Quality = new LinkQuality { Mtu = mtu } });
}
