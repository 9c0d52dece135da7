using Probe.Core.Conversations;
using Probe.Core.Evidence;
using Probe.Core.PathMtu;
using Probe.Core.Probing;
using Probe.Core.TcpTests;
using Probe.Core.Vocabulary;
using Probe.Lab.Simulation;
using Probe.Lab.Simulation.Tcp;

namespace Probe.Core.Tests.PathMtu;

/// <summary>What established connections prove where probes get no answer, in a simulated network whose path MTU is known.</summary>
public sealed class EstablishedProofTests
{
    private const ushort Port = 80;

    [Theory]
    [InlineData(false, false, 1500)]
    [InlineData(true, false, 1500)]
    [InlineData(false, true, 1500)]
    [InlineData(false, false, 9000)]
    public void Where_a_filter_drops_SYNs_with_octets_a_connection_proves_that_full_packets_pass(bool stall, bool v6, int mtu)
    {
        var (before, after) = Run(Line(mtu, echo: false), ProbeProtocol.Tcp, stall, v6);
        Assert.Equal((PathMtuVerdict.NotAnswering, null, null), (before.Verdict, before.Mtu, before.ProvedBy));
        Assert.Equal((PathMtuVerdict.Clear, Confidence.Proved, mtu, mtu, mtu, PathMtuProof.Established, null),
            (after.Verdict, after.Confidence, after.Mtu, after.OuterMtu, after.LargestAnswered, after.ProvedBy, after.Reason));
    }

    [Fact]
    public void A_load_balancer_s_own_echo_reply_gives_way_to_what_the_service_acknowledged()
    {
        var (before, after) = Run(Line(1500, echo: true), ProbeProtocol.Icmp);
        Assert.Equal((PathMtuVerdict.Clear, Confidence.Hint, PathMtuReason.NoProof, PathMtuProof.Echo), (before.Verdict, before.Confidence, before.Reason, before.ProvedBy));
        Assert.Equal((PathMtuVerdict.Clear, Confidence.Proved, null, PathMtuProof.Established), (after.Verdict, after.Confidence, after.Reason, after.ProvedBy));
    }

    [Theory]
    [InlineData(1400, 1460, 1400)]
    [InlineData(1500, 1360, 1400)]
    public void Packets_smaller_than_the_first_link_takes_prove_no_more_than_themselves(int mtu, ushort mss, int proved)
    {
        var (before, after) = Run(Line(mtu, echo: false, mss, first: 1500), ProbeProtocol.Tcp);
        Assert.Equal((PathMtuVerdict.NotAnswering, null, proved, PathMtuProof.Established), (after.Verdict, after.Mtu, after.LargestAnswered, after.ProvedBy));
        Assert.Equal(before.Reason, after.Reason);
    }

    [Fact]
    public void Echo_replies_that_do_not_come_back_are_told_from_a_black_hole_on_the_way_there()
    {
        var topology = Line(1500, echo: true).With("r1", node => node with { Rules = [AnswerRule.Drop(When.Transit, new PacketMatch { Source = IpPrefix.Of(TopologyBuilder.TargetV4), MinimumSize = 1401 })] });
        var (before, after) = Run(topology, ProbeProtocol.Icmp);
        Assert.Equal((PathMtuVerdict.BlackHole, Confidence.Hint, PathMtuReason.ReplyPath, 1400), (before.Verdict, before.Confidence, before.Reason, before.Mtu));
        Assert.Equal((PathMtuVerdict.ReturnPath, Confidence.Likely, null, 1500, 1400, 1500, PathMtuProof.Established, null),
            (after.Verdict, after.Confidence, after.Reason, after.Mtu, after.ReturnMtu, after.LargestAnswered, after.ProvedBy, after.SmallestLost));
    }

    [Fact]
    public void A_limit_that_both_find_is_proved_by_the_connection()
    {
        var (before, after) = Run(Line(1400, echo: true, first: 1500), ProbeProtocol.Icmp);
        Assert.Equal((PathMtuVerdict.Signalled, 1400, PathMtuProof.Echo), (before.Verdict, before.Mtu, before.ProvedBy));
        Assert.Equal(before with { ProvedBy = PathMtuProof.Established }, after with { Tcp = null });
    }

    [Fact]
    public void What_a_service_has_answered_already_is_left_as_it_is()
    {
        var topology = Line(1500, echo: true, drops: false);
        var (before, after) = Run(topology, ProbeProtocol.Tcp);
        Assert.Equal((PathMtuVerdict.Clear, PathMtuProof.SynPayload), (before.Verdict, before.ProvedBy));
        Assert.Equal(before, after with { Tcp = null });
    }

    [Fact]
    public void Connections_that_carry_no_full_segment_prove_nothing()
    {
        var topology = Line(1400, echo: false, mss: 1460, first: 1500).With("r1", node => node with { TooBig = new TooBigPolicy { Silent = Protocols.All } });
        var (before, after) = Run(topology, ProbeProtocol.Tcp);
        Assert.Equal(PathMtuVerdict.NotAnswering, before.Verdict);
        Assert.Equal(before, after with { Tcp = null });
        Assert.Equal(TcpEnd.Timeout, after.Tcp!.Upload!.Pacings[0].End);
    }

    [Theory]
    [InlineData(null, Confidence.Proved)]
    [InlineData(1400, Confidence.Proved)]
    [InlineData(1500, Confidence.Likely)]
    public void A_limit_that_was_found_on_its_own_flow_stands_but_has_another_reading_where_a_connection_carried_more(int? carried, Confidence confidence)
    {
        var hole = new PathMtuEvidence
        {
            Target = "t", Protocol = ProbeProtocol.Tcp, FirstHopMtu = 1500, Mtu = 1400, OuterMtu = 1400, LargestAnswered = 1400, SmallestLost = 1401,
            Verdict = PathMtuVerdict.BlackHole, Confidence = Confidence.Proved, ProvedBy = PathMtuProof.SynPayload,
        };
        var tcp = new TcpEvidence
        {
            Upload = new TcpTransferEvidence
            {
                Direction = TcpDirection.Upload, Port = 443, Payload = "tls", Verdict = TcpTransferVerdict.Clean, Confidence = Confidence.Likely,
                Pacings = [new TcpPacingEvidence { Pacing = TcpPacing.Spaced, End = TcpEnd.Done, LargestPacket = carried }],
            },
        };
        Assert.Equal(hole with { Tcp = tcp, Confidence = confidence }, EstablishedProof.Take(hole, tcp));
    }

    /// <summary>Two routers, the link between them of an MTU; the service's own filter drops SYNs with octets.</summary>
    private static Topology Line(int mtu, bool echo, ushort mss = 0, int? first = null, bool drops = true) => Topologies
        .Line(2, new LinkQuality { DelayNs = 1_000_000, Mtu = first ?? mtu })
        .WithLink("r1", "r2", link => link with { Quality = link.Quality with { Mtu = mtu } })
        .With(TopologyBuilder.Target, node => node with
        {
            Host = new HostSpec
            {
                Echo = echo,
                OtherTcp = TcpBehaviour.Filtered,
                Tcp = [new TcpService { Port = Port, Behaviour = TcpBehaviour.Discard, DropsSynData = drops, Mss = mss == 0 ? (ushort)(mtu - 40) : mss }],
            },
        });

    private static (PathMtuEvidence Before, PathMtuEvidence After) Run(Topology topology, ProbeProtocol protocol, bool stall = false, bool isV6 = false)
    {
        var found = SimulatedSearch.Run(topology, protocol, isV6).Evidence;
        using var stack = new SimulatedTcpStack(new SimulatedNetwork(topology));
        var options = new TcpTestOptions
        {
            To = new TcpConversationOptions(new()) { Target = isV6 ? TopologyBuilder.TargetV6 : TopologyBuilder.TargetV4, Port = Port },
            Payload = TcpPayload.Zeros,
        };
        var tcp = stall ? new TcpEvidence { Stall = TcpStall.Run(options, stack) }
            : new TcpEvidence { Upload = TcpTransfer.Run(options, TcpDirection.Upload, stack) };
        return (found, EstablishedProof.Take(found, tcp));
    }
}
