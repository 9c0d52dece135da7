using Probe.Core.Evidence;
using Probe.Core.TcpTests;
using Probe.Core.Vocabulary;
using Probe.Lab.Simulation;

namespace Probe.Core.Tests.TcpTests;

/// <summary>Each verdict of the stall test from a simulated network, held against what is true of it.</summary>
public sealed class TcpStallTests
{
    [Theory]
    [InlineData(1480)]
    [InlineData(1400)]
    [InlineData(576)]
    public void A_connection_opened_before_the_path_mtu_is_learned_stalls_for_one_persist_period(int mtu)
    {
        using var net = SimulatedTcp.With(mtu: mtu);
        var stall = Run(net);
        Assert.Equal((TcpStallVerdict.Stall, Confidence.Proved, mtu), (stall.Verdict, stall.Confidence, net.TrueMtu));
        Assert.Equal((mtu, mtu - 40), (stall.Learned!.LearnedMtu, stall.FittingMss));

        // What the connection says of itself is what its host did: one refusal, told to itself, and silence until the timer.
        var late = Connection(stall, "B");
        var sent = net.Sent(late.LocalPort);
        Assert.All(sent, segment => Assert.InRange(segment.Length, 1, mtu));
        Assert.Equal((1, 0), net.Stack.Refused);
        Assert.Equal((1, "10.0.0.2"), (stall.SelfIcmp, stall.PathIcmpFrom));
        Assert.InRange(stall.StallNs!.Value, 200 * SimulatedTcp.Millisecond, 212 * SimulatedTcp.Millisecond);
        Assert.InRange(late.AcknowledgedNs!.Value, stall.StallNs.Value, stall.StallNs.Value + 60 * SimulatedTcp.Millisecond);
        Assert.True(late is { Persist: true, Before.Pmtu: 1500, End: TcpEnd.Done } && late.After!.Pmtu == mtu, $"{late}");
        Assert.Contains(late.Samples, sample => sample is { NotSent: > 0, Unacked: 0, Timer: TcpTimer.Persist });
        Assert.True(Connection(stall, "D") is { StallNs: 0, Persist: false, End: TcpEnd.Done } after && after.Before!.Pmtu == mtu);
    }

    [Fact]
    public void Nothing_is_learned_and_nothing_stalls_where_full_segments_pass()
    {
        using var net = SimulatedTcp.With(service => service with { DelayedAckNs = 40 * SimulatedTcp.Millisecond });
        var stall = Run(net);
        Assert.Equal((TcpStallVerdict.NotLearned, 1500, (0, 0)), (stall.Verdict, net.TrueMtu, net.Stack.Refused));
        Assert.True(stall is { StallNs: null, Learned: null, SelfIcmp: 0, PathIcmp: 0, Connections: [{ End: TcpEnd.Done }, _, _] });
    }

    // Over IPv6 the host's Packet Too Big to itself makes TCP send anew at once.
    [Fact]
    public void A_host_that_sends_anew_at_once_does_not_stall()
    {
        using var net = SimulatedTcp.With(mtu: 1400, v6: true);
        var stall = Run(net);
        Assert.Equal((TcpStallVerdict.NoStall, 1400, 1340), (stall.Verdict, net.TrueMtu, stall.FittingMss));

        // B and, since B did not stall, C: each was refused once.
        Assert.Equal((0, 2), net.Stack.Refused);
        Assert.True(Connection(stall, "B") is { StallNs: 0, Persist: false, End: TcpEnd.Done, Before.Pmtu: 1500, After.Pmtu: 1400 });
        Assert.Equal(2, stall.Counters["Ip6FragFails"]);
    }

    [Fact]
    public void A_black_hole_teaches_nothing_and_is_no_stall()
    {
        using var net = SimulatedTcp.With(mtu: 1400, says: new TooBigPolicy { Silent = Protocols.All });
        var stall = Run(net);
        Assert.Equal((TcpStallVerdict.CannotTell, 1400), (stall.Verdict, net.TrueMtu));
        Assert.Equal("connection A timed out without an acknowledgment and without a smaller path MTU: a silent black hole looks so", stall.Reason);
        Assert.Equal((0, TcpEnd.Timeout), (stall.PathIcmp, Connection(stall, "A").End));
        Assert.True(net.Dropped(DropReason.TooBig) > 2);
    }

    [Fact]
    public void What_is_learned_already_is_said_and_nothing_is_sent()
    {
        using var net = SimulatedTcp.With(mtu: 1400);
        Run(net);
        var before = net.Network.LastInjected;
        var again = Run(net);
        Assert.Equal((TcpStallVerdict.CannotTell, before), (again.Verdict, net.Network.LastInjected));
        Assert.StartsWith("the path MTU 1400 is learned already; wait 600 s", again.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(TcpBehaviour.Closed, TcpEnd.Refused, "no connection: was refused, ECONNREFUSED")]
    [InlineData(TcpBehaviour.Filtered, TcpEnd.Timeout, "no connection: timed out")]
    public void Without_a_connection_nothing_is_tested(TcpBehaviour behaviour, TcpEnd end, string reason)
    {
        using var net = SimulatedTcp.With(service => service with { Behaviour = behaviour }, mtu: 1400);
        var stall = Run(net);
        Assert.Equal((TcpStallVerdict.NotAnswering, reason), (stall.Verdict, stall.Reason));
        Assert.Equal(end, Assert.Single(stall.Connections).End);
    }

    [Fact]
    public void A_stopped_test_sends_nothing_more()
    {
        using var net = SimulatedTcp.With(mtu: 1400);
        var stall = TcpStall.Run(net.Options, net.Stack, new CancellationToken(canceled: true));
        Assert.Equal((TcpStallVerdict.NotAnswering, "no connection: was stopped"), (stall.Verdict, stall.Reason));
        Assert.Equal(1, net.Network.LastInjected);
    }

    [Fact]
    public void A_payload_that_fills_no_segment_cannot_tell()
    {
        using var net = SimulatedTcp.With(mtu: 1400);
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "short");
            Assert.True(TcpPayload.TryChoose(file, SimulatedTcp.Port, "t", out var payload, out _));
            var stall = TcpStall.Run(net.Options with { Payload = payload }, net.Stack);
            Assert.Equal(TcpStallVerdict.CannotTell, stall.Verdict);
            Assert.StartsWith("5 octets of", stall.Reason, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static TcpStallEvidence Run(SimulatedTcp net) => TcpStall.Run(net.Options, net.Stack);

    private static TcpStallConnection Connection(TcpStallEvidence stall, string name) => stall.Connections.Single(connection => connection.Name == name);
}
