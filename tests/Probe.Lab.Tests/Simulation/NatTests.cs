using Probe.Core.Packets;
using Probe.Lab.Simulation;

namespace Probe.Lab.Tests.Simulation;

public sealed class NatTests
{
    private static readonly IpAddress Outside4 = IpAddress.Parse("10.202.0.1");
    private static readonly IpAddress Outside6 = IpAddress.Parse("fd00:202::1");

    [Theory]
    [InlineData(Protocols.Icmp, false)]
    [InlineData(Protocols.Udp, false)]
    [InlineData(Protocols.Tcp, false)]
    [InlineData(Protocols.Icmp, true)]
    [InlineData(Protocols.Udp, true)]
    [InlineData(Protocols.Tcp, true)]
    public void Source_translation_shows_outside_and_errors_come_back_as_if_it_were_not_there(Protocols protocol, bool isV6)
    {
        var network = new SimulatedNetwork(Source(new NatSpec()));
        for (var ttl = 1; ttl <= 4; ttl++)
        {
            var probe = Probes.Of(protocol, ttl, isV6);
            var answer = Assert.Single(network.Ask(probe));
            Assert.Equal(ttl < 4, answer.IsTimeExceeded);
            if (ttl < 4)
            {
                Assert.Equal(WithoutTtl(probe), WithoutTtl(answer.Quote));
            }
        }

        var outside = network.Journal.Entries.Last(entry => entry is { Kind: JournalKind.Arrived, Node: "r3" } && entry.Link == "r2>r3");
        Assert.True(IpPacket.TryRead(outside.Octets.Span, out var seen));
        Assert.Equal(isV6 ? Outside6 : Outside4, seen.Source);
        Assert.True(TransportChecksum.IsValid(seen.Payload, seen.Protocol, seen.Source, seen.Destination));
    }

    [Fact]
    public void A_quote_may_be_left_as_the_nat_sent_it_or_keep_the_outside_checksum()
    {
        var probe = Probes.Udp(ttl: 3);
        var left = Source(new NatSpec { Errors = NatErrors.Left }).AskOne(probe);
        Assert.True(IpPacket.TryReadQuote(left.Quote, out var quoted));
        Assert.Equal(Outside4, quoted.Source);
        var half = Source(new NatSpec { Errors = NatErrors.ChecksumLeft }).AskOne(probe);
        Assert.True(IpPacket.TryReadQuote(half.Quote, out quoted));
        Assert.Equal(TopologyBuilder.VantageV4, quoted.Source);
        Assert.NotEqual(probe[26..28], half.Quote[26..28]);
        var network = new SimulatedNetwork(Source(new NatSpec { Errors = NatErrors.Dropped }));
        Assert.Empty(network.Ask(probe));
        Assert.Equal(DropReason.Nat, Assert.Single(network.Journal.Of(JournalKind.Dropped), entry => entry.Node == "r2").Reason);
    }

    [Fact]
    public void Ports_are_handed_out_in_turn_and_translated_back()
    {
        var network = new SimulatedNetwork(Source(new NatSpec(), port: 50000).With("t", node => node with { Host = new HostSpec { OtherUdp = UdpBehaviour.Echo } }));
        for (ushort flow = 0; flow < 3; flow++)
        {
            var answer = Assert.Single(network.Ask(Probes.Udp(from: (ushort)(1000 + flow))));
            Assert.Equal(1000 + flow, Port(answer.Octets, 22));
        }

        var seen = network.Journal.Of(JournalKind.Delivered).Where(entry => entry.Node == "t").Select(entry => Port(entry.Octets.ToArray(), 20));
        Assert.Equal([50000, 50001, 50002], seen);

        static int Port(byte[] packet, int at) => packet[at] << 8 | packet[at + 1];
    }

    [Fact]
    public void Destination_translation_answers_from_the_address_asked_for()
    {
        var vip = IpAddress.Parse("10.203.0.1");
        var topology = Topologies.Line(3).With("r2", node => node with
        {
            Addresses = [IpPrefix.Of(vip)],
            Nat = new NatSpec { Destinations = [new NatRule(IpPrefix.Of(vip), TopologyBuilder.TargetV4, 8080)] },
        }).With("t", node => node with { Host = new HostSpec { Tcp = [new TcpService { Port = 8080 }] } });
        var syn = topology.AskOne(Probes.Tcp(target: vip, to: 80));
        Assert.Equal((vip, TcpFlags.Syn | TcpFlags.Ack), (syn.From, syn.Flags));
        var behind = topology.AskOne(Probes.Tcp(ttl: 3, target: vip, to: 80));
        Assert.Equal(ForwardingTests.InboundAddress(topology, "r3"), behind.From);
        Assert.True(IpPacket.TryReadQuote(behind.Quote, out var quoted));
        Assert.Equal(vip, quoted.Destination);
        var atNat = topology.AskOne(Probes.Tcp(ttl: 2, target: vip, to: 80));
        Assert.Equal(WithoutTtl(Probes.Tcp(ttl: 2, target: vip, to: 80)), WithoutTtl(atNat.Quote));
        var hiding = topology.With("r2", node => node with { Nat = node.Nat! with { HidesErrorSource = true } });
        Assert.Equal(vip, hiding.AskOne(Probes.Tcp(ttl: 3, target: vip, to: 80)).From);
    }

    private static Topology Source(NatSpec nat, ushort port = 0) => Topologies.Line(3).With("r2", node => node with
    {
        Addresses = [IpPrefix.Of(Outside4), IpPrefix.Of(Outside6)],
        Nat = nat with
        {
            Sources = [new NatRule(IpPrefix.Of(TopologyBuilder.VantageV4), Outside4, port), new NatRule(IpPrefix.Of(TopologyBuilder.VantageV6), Outside6, port)],
        },
    });

    private static byte[] WithoutTtl(byte[] packet)
    {
        var copy = packet.ToArray();
        if (copy[0] >> 4 == 6)
        {
            copy[7] = 0;
        }
        else
        {
            copy.AsSpan(8, 1).Clear();
            copy.AsSpan(10, 2).Clear();
        }

        return copy;
    }
}
