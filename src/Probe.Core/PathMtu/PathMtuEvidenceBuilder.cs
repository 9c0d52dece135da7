using Probe.Core.Evidence;

namespace Probe.Core.PathMtu;

/// <summary>Puts what a search found into evidence.</summary>
/// <param name="search">The search, ended or not.</param>
public sealed class PathMtuEvidenceBuilder(PathMtuSearch search)
{
    /// <summary>The result of the first flow, and one more for each flow whose result differs.</summary>
    /// <param name="target">The target as the user wrote it.</param>
    /// <param name="via">ENCAP texts, outermost first.</param>
    /// <param name="real">The real server asked; null when the target itself was.</param>
    public IReadOnlyList<PathMtuEvidence> Build(string target, IReadOnlyList<string>? via = null, string? real = null) =>
        [.. search.Results.Select((result, index) => Build(result, index, target, via ?? [], real))];

    private PathMtuEvidence Build(FlowResult result, int index, string target, IReadOnlyList<string> via, string? real)
    {
        var ledger = result.Ledger;
        var options = search.Options;
        var largest = ledger.LargestAnswered is > 0 and var size ? size : (int?)null;
        return new PathMtuEvidence
        {
            Target = target,
            Address = options.Target.ToString(),
            Protocol = ledger.Question.Protocol.ToString().ToLowerInvariant(),
            Source = options.Source.ToString(),
            Via = via,
            Real = real,
            Mtu = largest,
            OuterMtu = largest + search.Overhead,
            Overhead = search.Overhead,
            FirstHopMtu = options.FirstHopMtu,
            Verdict = largest == search.Largest ? PathMtuVerdict.Clear : PathMtuVerdict.BlackHole,
            Confidence = Confidence.Likely,
            LargestAnswered = largest,
            SmallestLost = ledger.SmallestBad,
            ProvedBy = ledger.Question.Proof,
            Sent = result.Sent,
            DurationNs = result.DurationNs,
            ExactSent = result.ExactSent,
            ExactNs = result.ExactNs,
            Sizes = PathMtuSearch.SizesOf(ledger),
        };
    }
}
