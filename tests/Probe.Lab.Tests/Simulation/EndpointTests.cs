using Probe.Core.Packets;
using Probe.Lab.Simulation;

namespace Probe.Lab.Tests.Simulation;

public sealed class EndpointTests
{
    private const long Second = 1_000_000_000;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_open_port_shakes_hands_acknowledges_data_and_closes(bool isV6)
    {
        var network = new SimulatedNetwork(Serving(new TcpService { Port = 80, Mss = 1220 }));
        var synAck = Assert.Single(network.Ask(Probes.Tcp(isV6: isV6, sequence: 41)));
        Assert.Equal((TcpFlags.Syn | TcpFlags.Ack, 42u, (ushort?)1220), (synAck.Flags, synAck.Acknowledgment, synAck.Mss));
        Assert.Equal(synAck.Sequence, Assert.Single(network.Ask(Probes.Tcp(isV6: isV6, sequence: 41))).Sequence);
        Assert.Empty(network.Ask(Probes.Tcp(isV6: isV6, flags: TcpFlags.Ack, sequence: 42, acknowledgment: synAck.Sequence + 1)));
        var ack = Assert.Single(network.Ask(Probes.Tcp(isV6: isV6, flags: TcpFlags.Ack | TcpFlags.Psh, sequence: 42, acknowledgment: synAck.Sequence + 1, data: 100)));
        Assert.Equal((TcpFlags.Ack, 142u), (ack.Flags, ack.Acknowledgment));
        var fin = Assert.Single(network.Ask(Probes.Tcp(isV6: isV6, flags: TcpFlags.Ack | TcpFlags.Fin, sequence: 142, acknowledgment: synAck.Sequence + 1)));
        Assert.Equal((TcpFlags.Ack | TcpFlags.Fin, 143u), (fin.Flags, fin.Acknowledgment));
        Assert.Empty(network.Ask(Probes.Tcp(isV6: isV6, flags: TcpFlags.Rst, sequence: 143)));
    }

    [Fact]
    public void A_closed_port_resets_a_filtered_one_is_silent_and_a_full_backlog_drops_syns()
    {
        var network = new SimulatedNetwork(Serving(
            new TcpService { Port = 80, LastPort = 81, Behaviour = TcpBehaviour.Filtered },
            new TcpService { Port = 82, Behaviour = TcpBehaviour.BacklogFull }));
        var reset = Assert.Single(network.Ask(Probes.Tcp(to: 443, sequence: 5)));
        Assert.Equal((TcpFlags.Rst | TcpFlags.Ack, 6u, 0u), (reset.Flags, reset.Acknowledgment, reset.Sequence));
        Assert.Equal(TcpFlags.Rst, Assert.Single(network.Ask(Probes.Tcp(to: 443, flags: TcpFlags.Ack, acknowledgment: 9))).Flags);
        Assert.Empty(network.Ask(Probes.Tcp(to: 80)));
        Assert.Empty(network.Ask(Probes.Tcp(to: 81)));
        Assert.Empty(network.Ask(Probes.Tcp(to: 82)));
    }

    [Fact]
    public void A_backlog_holds_so_many_handshakes_until_they_end()
    {
        var network = new SimulatedNetwork(Serving(new TcpService { Port = 80, Backlog = 2 }));
        var first = Assert.Single(network.Ask(Probes.Tcp(from: 1)));
        Assert.Single(network.Ask(Probes.Tcp(from: 2)));
        Assert.Empty(network.Ask(Probes.Tcp(from: 3)));
        network.Ask(Probes.Tcp(from: 1, flags: TcpFlags.Rst, sequence: first.Acknowledgment));
        Assert.Single(network.Ask(Probes.Tcp(from: 3)));
    }

    [Fact]
    public void Late_answers_late_resets_and_silence_after_the_handshake()
    {
        var network = new SimulatedNetwork(Serving(
            new TcpService { Port = 80, DelayNs = Second },
            new TcpService { Port = 81, Behaviour = TcpBehaviour.LateReset, ResetAfterNs = Second / 2 },
            new TcpService { Port = 82, Behaviour = TcpBehaviour.SynAckThenSilence }));
        Assert.Equal(Second + 4_000_000, Assert.Single(network.Ask(Probes.Tcp(to: 80))).AtNs);
        var late = network.Ask(Probes.Tcp(to: 81));
        Assert.Equal([TcpFlags.Syn | TcpFlags.Ack, TcpFlags.Rst | TcpFlags.Ack], late.Select(answer => answer.Flags));
        Assert.Equal((Second / 2, late[0].Sequence + 1), (late[1].AtNs - late[0].AtNs, late[1].Sequence));
        var synAck = Assert.Single(network.Ask(Probes.Tcp(to: 82)));
        Assert.Empty(network.Ask(Probes.Tcp(to: 82, flags: TcpFlags.Ack | TcpFlags.Psh, acknowledgment: synAck.Sequence + 1, data: 10)));

        // A client that resets first gets no late reset.
        Assert.Single(network.Ask(Probes.Tcp(to: 81, from: 2), Second / 4));
        Assert.Empty(network.Ask(Probes.Tcp(to: 81, from: 2, flags: TcpFlags.Rst, sequence: 1001)));
    }

    [Fact]
    public void An_unanswered_syn_ack_is_repeated_after_1_and_3_seconds()
    {
        var network = new SimulatedNetwork(Serving(new TcpService { Port = 80, SynAckRetries = 2 }));
        var answers = network.Ask(Probes.Tcp(), 20 * Second);
        Assert.Equal([4_000_000, Second + 4_000_000, 3 * Second + 4_000_000], answers.Select(answer => answer.AtNs));
        Assert.Single(answers.Select(answer => answer.Sequence).Distinct());
    }

    [Fact]
    public void A_stale_half_open_connection_answers_a_bare_ack_until_it_is_reset()
    {
        var network = new SimulatedNetwork(Serving(new TcpService { Port = 80, Behaviour = TcpBehaviour.StaleHalfOpen }));
        var ack = Assert.Single(network.Ask(Probes.Tcp(sequence: 9)));
        Assert.Equal(TcpFlags.Ack, ack.Flags);
        Assert.NotEqual(10u, ack.Acknowledgment);
        Assert.Empty(network.Ask(Probes.Tcp(flags: TcpFlags.Rst, sequence: 12345)));
        Assert.Equal(TcpFlags.Ack, Assert.Single(network.Ask(Probes.Tcp(sequence: 9))).Flags);
        Assert.Empty(network.Ask(Probes.Tcp(flags: TcpFlags.Rst, sequence: ack.Acknowledgment)));
        Assert.Equal(TcpFlags.Syn | TcpFlags.Ack, Assert.Single(network.Ask(Probes.Tcp(sequence: 9))).Flags);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Udp_ports_echo_reply_refuse_or_keep_silent(bool isV6)
    {
        var topology = Topologies.Line(1).With("t", node => node with
        {
            Host = new HostSpec
            {
                Udp = [new UdpService { Port = 7 }, new UdpService { Port = 53, Behaviour = UdpBehaviour.Reply, Payload = "c0ffee" }, new UdpService { Port = 9, Behaviour = UdpBehaviour.Silent }],
            },
            Errors = new ErrorPolicy { RateLimits = [new RateLimit(0.001, 1)] },
        });
        var network = new SimulatedNetwork(topology);
        Assert.All(Assert.Single(network.Ask(Probes.Udp(isV6: isV6, to: 7, fill: 0x5a))).Body, octet => Assert.Equal(0x5a, octet));
        Assert.Equal([0xc0, 0xff, 0xee], Assert.Single(network.Ask(Probes.Udp(isV6: isV6, to: 53))).Body);
        Assert.Empty(network.Ask(Probes.Udp(isV6: isV6, to: 9)));
        var refused = Assert.Single(network.Ask(Probes.Udp(isV6: isV6)));
        Assert.Equal(isV6 ? (1, 4, TopologyBuilder.TargetV6) : (3, 3, TopologyBuilder.TargetV4), (refused.Type, refused.Code, refused.From));
        Assert.Empty(network.Ask(Probes.Udp(isV6: isV6)));
    }

    [Fact]
    public void Echo_returns_identifier_sequence_and_data_or_nothing()
    {
        var probe = Probes.Echo(id: 0x1234, sequence: 0x5678, size: 200);
        var reply = Topologies.Line(1).AskOne(probe);
        Assert.Equal(probe[24..], reply.Octets[24..]);
        Assert.Equal(63, reply.Ttl);
        Assert.Empty(Topologies.Line(1).With("t", node => node with { Host = new HostSpec { Echo = false } }).Ask(probe));
    }

    [Fact]
    public void A_router_answers_echo_on_its_own_address_and_refuses_its_ports()
    {
        var topology = Topologies.Line(2);
        var router = ForwardingTests.InboundAddress(topology, "r2");
        Assert.Equal(IcmpType.EchoReply, topology.AskOne(Probes.Echo(to: router)).Type);
        Assert.Equal(TcpFlags.Rst | TcpFlags.Ack, topology.AskOne(Probes.Tcp(target: router)).Flags);
    }

    [Fact]
    public void A_wrong_checksum_gets_no_answer()
    {
        foreach (var isV6 in new[] { false, true })
        {
            foreach (var protocol in new[] { Protocols.Icmp, Protocols.Udp, Protocols.Tcp })
            {
                var probe = Probes.Of(protocol, 9, isV6);
                probe[^1] ^= 1;
                var network = new SimulatedNetwork(Topologies.Line(1));
                Assert.Empty(network.Ask(probe));
                Assert.Equal(DropReason.BadChecksum, Assert.Single(network.Journal.Of(JournalKind.Dropped)).Reason);
            }
        }
    }

    [Fact]
    public void An_unknown_protocol_is_refused()
    {
        var v4 = Topologies.Line(1).AskOne(Probes.Packet(200, new byte[16], 9, isV6: false));
        Assert.Equal((3, 2), (v4.Type, v4.Code));
        var v6 = Topologies.Line(1).AskOne(Probes.Packet(200, new byte[16], 9, isV6: true));
        Assert.Equal((4, 1), (v6.Type, v6.Code));
    }

    private static Topology Serving(params TcpService[] services) =>
        Topologies.Line(1).With("t", node => node with { Host = new HostSpec { Tcp = [.. services] } });
}
