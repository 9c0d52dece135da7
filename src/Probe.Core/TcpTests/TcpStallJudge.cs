using Probe.Core.Conversations;
using Probe.Core.Evidence;
using Probe.Core.Vocabulary;

namespace Probe.Core.TcpTests;

/// <summary>What a connection that sent after a smaller path MTU was learned says.</summary>
internal static class TcpStallJudge
{
    /// <summary>The verdict.</summary>
    /// <param name="outcome">Makes evidence of a verdict and its reason.</param>
    /// <param name="late">The connection that was opened before.</param>
    /// <param name="errors">What ICMP said.</param>
    /// <param name="moved">Counters that moved until it was done.</param>
    /// <param name="stopped">The user stopped the run.</param>
    public static TcpStallEvidence Judge(
        Func<TcpStallVerdict, string?, TcpStallEvidence> outcome, StallConnection late, TooBigErrors errors,
        IReadOnlyDictionary<string, long> moved, bool stopped)
    {
        if (late.Stalled)
        {
            // The fingerprint alone has few other readings; that this host refused its own segment has none.
            return outcome(TcpStallVerdict.Stall, null) with
            {
                Confidence = late.Persist && (errors.OwnRefusals(moved) || errors.FromSelf > 0) ? Confidence.Proved : Confidence.Likely,
                StallNs = late.StallNs,
                Counters = moved,
            };
        }

        var (verdict, reason) = stopped ? (TcpStallVerdict.CannotTell, "stopped before its end")
            : late.IsAcknowledged
            ? (TcpStallVerdict.NoStall, "a smaller path MTU was learned, and the connections opened before it sent on at once; "
                + "so they do also when an earlier entry was flushed and is only renewed")
            : (TcpStallVerdict.CannotTell,
                "a smaller path MTU was learned, and the connection opened before it was not acknowledged for another reason");
        return outcome(verdict, reason) with { Counters = moved };
    }
}
