using Probe.Core.Evidence;
using Probe.Core.TcpTests;
using Probe.Core.Vocabulary;
using Probe.Lab.Simulation;

namespace Probe.Core.Tests.TcpTests;

/// <summary>Each verdict of the transfer test from a simulated network, held against what is true of it.</summary>
public sealed class TcpTransferTests
{
    private const int Octets = 32_000;
    private const long Patience = 100_000 * SimulatedTcp.Millisecond;

    [Fact]
    public void Segments_that_die_only_in_company_are_told_from_loss()
    {
        using var net = SimulatedTcp.With(merging: new MergingSpec { LosesMerged = true });
        var transfer = Run(net);
        Assert.Equal((TcpTransferVerdict.AggregationDependentLoss, Confidence.Likely), (transfer.Verdict, transfer.Confidence));
        Assert.True(transfer.Pacings[0] is { Retransmitted: 0, Segments: 22, End: TcpEnd.Done, Acknowledged: Octets }, $"{transfer.Pacings[0]}");
        Assert.True(transfer.Pacings[1].Loss >= 0.5, $"{transfer.Pacings[1]}");

        // The truth: whatever was lost was lost because it was merged.
        Assert.True(net.Dropped(DropReason.Merged) >= 22);
        Assert.Equal(0, net.Dropped(DropReason.Loss));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(40)]
    public void Where_everything_arrives_the_path_is_clean(int delayedAckMs)
    {
        // Merged segments that can be split again lose nothing, and a peer that acknowledges late loses nothing either.
        using var net = SimulatedTcp.With(service => service with { DelayedAckNs = delayedAckMs * SimulatedTcp.Millisecond }, merging: new MergingSpec());
        var transfer = Run(net);
        Assert.Equal((TcpTransferVerdict.Clean, Confidence.Likely), (transfer.Verdict, transfer.Confidence));
        Assert.All(transfer.Pacings, pacing => Assert.Equal((0, 0, TcpEnd.Done, Octets), (pacing.Retransmitted, pacing.Resized, pacing.End, pacing.Acknowledged)));
        Assert.Equal(0, net.Dropped(DropReason.Merged));
    }

    [Fact]
    public void A_delayed_acknowledgment_is_waited_for_with_each_single_segment()
    {
        using var net = SimulatedTcp.With(service => service with { DelayedAckNs = 40 * SimulatedTcp.Millisecond });
        var spaced = Run(net).Pacings[0];
        Assert.InRange(spaced.DurationNs, 22 * 46 * SimulatedTcp.Millisecond, 22 * 48 * SimulatedTcp.Millisecond);
        Assert.InRange(spaced.After!.RttNs!.Value, 40 * SimulatedTcp.Millisecond, 46 * SimulatedTcp.Millisecond);
        Assert.Equal(6 * SimulatedTcp.Millisecond, spaced.After!.MinRttNs);
    }

    [Fact]
    public void A_path_mtu_that_is_learned_on_the_way_is_no_loss()
    {
        using var net = SimulatedTcp.With(mtu: 1400);
        var transfer = Run(net);
        Assert.Equal((TcpTransferVerdict.Clean, 1400), (transfer.Verdict, net.TrueMtu));
        Assert.True(transfer.Pacings[0] is { Resized: > 0, Retransmitted: 0, Before.Pmtu: 1500, After.Pmtu: 1400 }, $"{transfer.Pacings[0]}");
        Assert.All(transfer.Pacings.Skip(1), pacing => Assert.True(pacing is { Resized: 0, Before.Pmtu: 1400 }));
    }

    [Fact]
    public void Loss_that_takes_single_segments_too_is_loss()
    {
        using var net = SimulatedTcp.With(loss: 0.15);
        var transfer = Run(net, options => options with { ConnectTimeoutNs = Patience, TransferTimeoutNs = Patience });
        Assert.Equal(TcpTransferVerdict.Lossy, transfer.Verdict);
        Assert.Equal("single segments are lost too: loss on the path, not merging", transfer.Reason);

        // The truth: each loss of a segment with data was made good by one repeat, but for those that an acknowledgment covered.
        Assert.InRange(transfer.Pacings[0].Retransmitted, 1, net.Dropped(DropReason.Loss));
        Assert.All(transfer.Pacings, pacing => Assert.Equal((TcpEnd.Done, Octets), (pacing.End, pacing.Acknowledged)));
    }

    [Fact]
    public void A_peer_that_ends_the_connection_leaves_too_little_to_judge()
    {
        using var net = SimulatedTcp.With(service => service with { Behaviour = TcpBehaviour.LateReset, ResetAfterNs = 15 * SimulatedTcp.Millisecond });
        var transfer = Run(net);
        Assert.Equal(TcpTransferVerdict.CannotTell, transfer.Verdict);
        Assert.Equal("too few segments went out spaced: 3 of at least 4; the connection was reset by the peer, ECONNRESET", transfer.Reason);
    }

    [Fact]
    public void A_silent_black_hole_leaves_too_little_to_judge()
    {
        using var net = SimulatedTcp.With(mtu: 1400, says: new TooBigPolicy { Silent = Protocols.All });
        var transfer = Run(net);
        Assert.Equal(TcpTransferVerdict.CannotTell, transfer.Verdict);
        Assert.Equal("too few segments went out spaced: 1 of at least 4; the connection timed out", transfer.Reason);
    }

    [Theory]
    [InlineData(TcpBehaviour.Closed, TcpEnd.Refused, "ECONNREFUSED")]
    [InlineData(TcpBehaviour.Filtered, TcpEnd.Timeout, null)]
    public void Nobody_there_is_a_result(TcpBehaviour behaviour, TcpEnd end, string? errno)
    {
        using var net = SimulatedTcp.With(service => service with { Behaviour = behaviour });
        var transfer = Run(net);
        var only = Assert.Single(transfer.Pacings);
        Assert.Equal((TcpTransferVerdict.NotAnswering, end, errno), (transfer.Verdict, only.End, only.Errno));
    }

    [Fact]
    public void A_far_end_that_is_no_responder_of_ours_cannot_tell_about_a_download()
    {
        using var net = SimulatedTcp.With(service => service with { Behaviour = TcpBehaviour.Echo });
        var transfer = TcpTransfer.Run(net.Options, TcpDirection.Download, net.Stack);
        Assert.Equal(TcpTransferVerdict.CannotTell, transfer.Verdict);
        Assert.StartsWith("no report came", transfer.Reason, StringComparison.Ordinal);
    }

    private static TcpTransferEvidence Run(SimulatedTcp net, Func<TcpTestOptions, TcpTestOptions>? change = null) =>
        TcpTransfer.Run(change?.Invoke(net.Options) ?? net.Options, TcpDirection.Upload, net.Stack);
}
