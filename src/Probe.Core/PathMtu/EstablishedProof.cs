using Probe.Core.Evidence;
using Probe.Core.Vocabulary;

namespace Probe.Core.PathMtu;

/// <summary>
/// What established connections prove beside a search: packets of a size whose acknowledgment came from whoever serves the port. Where a
/// filter lets no SYN with payload and no echo request through, nothing else does. They took flows of their own, so that a limit that was
/// found on another stands.
/// </summary>
public static class EstablishedProof
{
    /// <summary>A path MTU with what established connections showed in it.</summary>
    /// <param name="path">What the search found, without a tunnel.</param>
    /// <param name="tcp">What the connections showed.</param>
    public static PathMtuEvidence Take(PathMtuEvidence path, TcpEvidence tcp)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(tcp);
        var told = path with { Tcp = tcp };
        if (tcp.LargestPacket is not { } size || size < path.LargestAnswered
            || (path.ProvedBy == PathMtuProof.SynPayload && path.Verdict != PathMtuVerdict.BlackHole))
        {
            return told;
        }

        var proved = told with
        {
            LargestAnswered = size,
            ProvedBy = PathMtuProof.Established,
            SmallestLost = path.SmallestLost > size ? path.SmallestLost : null,
        };
        var isFull = size >= path.FirstHopMtu;
        return path switch
        {
            { Verdict: PathMtuVerdict.Clear } or { Verdict: PathMtuVerdict.NotAnswering or PathMtuVerdict.Unstable, Signals: [] }
                when isFull => proved with
            {
                Verdict = PathMtuVerdict.Clear, Confidence = Confidence.Proved, Reason = null, Mtu = size, OuterMtu = size,
            },

            // The way there carries more: the replies to echo requests were what did not come back.
            { Verdict: PathMtuVerdict.BlackHole, Reason: PathMtuReason.ReplyPath } when isFull => proved with
            {
                Verdict = PathMtuVerdict.ReturnPath, Confidence = Confidence.Likely, Reason = null, Mtu = size, OuterMtu = size,
                ReturnMtu = path.LargestAnswered,
            },
            { Verdict: PathMtuVerdict.NotAnswering or PathMtuVerdict.Unstable } => proved,
            { ProvedBy: not PathMtuProof.SynPayload } when size == path.LargestAnswered => proved,

            // Another path of a balanced group, or a filter that drops SYNs by their size: this no longer has but one reading.
            { Verdict: PathMtuVerdict.BlackHole, Confidence: Confidence.Proved } when size > path.LargestAnswered =>
                told with { Confidence = Confidence.Likely },
            _ => told,
        };
    }
}
