using System.Globalization;
using Probe.Core.Evidence;
using Probe.Core.Vocabulary;

namespace Probe.Core.TcpTests;

/// <summary>What three pacings of the same octets say together.</summary>
internal static class TransferJudge
{
    // Where single segments are lost more often than this, it is not merging that loses them.
    private const double SpacedAtMost = 0.01;
    private const double PairsAtLeast = 0.5;

    // Two pairs: with fewer, half of them is one accident.
    private const int LeastSegments = 4;

    // With fewer, a queue that is full for a moment looks alike.
    private const int LeastForLikely = 16;

    /// <summary>The verdict, how sure it is, and why.</summary>
    public static (TcpTransferVerdict Verdict, Confidence Confidence, string? Reason) Judge(TcpDirection direction,
        IReadOnlyList<TcpPacingEvidence> pacings)
    {
        var (spaced, pairs, bulk) = (Of(pacings, TcpPacing.Spaced), Of(pacings, TcpPacing.Pairs), Of(pacings, TcpPacing.Bulk));
        if (spaced?.Before is null)
        {
            return (TcpTransferVerdict.NotAnswering, Confidence.Proved,
                spaced is null ? "stopped before the first connection stood" : $"no connection: {Words(spaced)}");
        }

        if (direction == TcpDirection.Download && spaced.Segments == 0)
        {
            return (TcpTransferVerdict.CannotTell, Confidence.Hint,
                "no report came: the far end is no responder of this program (probe mtu --responder PORT)");
        }

        var few = new[] { spaced, pairs }.FirstOrDefault(pacing => pacing is null || pacing.Segments < LeastSegments);
        if (pairs is null || few is not null)
        {
            return (TcpTransferVerdict.CannotTell, Confidence.Hint, few is null
                ? "stopped before the pairs"
                : string.Create(CultureInfo.InvariantCulture,
                    $"too few segments went out {Name(few.Pacing)}: {few.Segments} of at least {LeastSegments}; "
                        + $"the connection {Words(few)}"));
        }

        var confidence = Math.Min(spaced.Segments, pairs.Segments) >= LeastForLikely ? Confidence.Likely : Confidence.Hint;
        if (spaced.Loss > SpacedAtMost)
        {
            return (TcpTransferVerdict.Lossy, confidence, "single segments are lost too: loss on the path, not merging");
        }

        if (pairs.Loss >= PairsAtLeast)
        {
            return (TcpTransferVerdict.AggregationDependentLoss, confidence, null);
        }

        return pairs.Retransmitted == 0 && (bulk?.Retransmitted ?? 0) == 0
            ? (TcpTransferVerdict.Clean, confidence, null)
            : (TcpTransferVerdict.Lossy, Confidence.Hint, "pairs mostly pass: a short queue or a policer loses what comes too fast");
    }

    private static TcpPacingEvidence? Of(IReadOnlyList<TcpPacingEvidence> pacings, TcpPacing pacing) =>
        pacings.FirstOrDefault(item => item.Pacing == pacing);

    private static string Name(TcpPacing pacing) =>
        pacing switch { TcpPacing.Spaced => "spaced", TcpPacing.Pairs => "in pairs", _ => "in bulk" };

    private static string Words(TcpPacingEvidence pacing) =>
        pacing.Errno is { } errno ? $"{pacing.End.Word()}, {errno}" : pacing.End.Word();
}
