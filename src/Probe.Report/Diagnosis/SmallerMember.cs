using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using static Probe.Report.Diagnosis.TraceReading;

namespace Probe.Report.Diagnosis;

/// <summary>PRB-MTU-008: flows to one target have different path MTUs: a member of a balanced group is smaller than the others.</summary>
internal sealed class SmallerMember : IRule
{
    public string Id => "PRB-MTU-008";

    public string Title => "path MTU differs from flow to flow";

    public IReadOnlyList<string> Needs => ["/pathMtus"];

    public IReadOnlyList<string> Falsifiers => ["the same flow has another path MTU when it is asked again"];

    public RuleResult Evaluate(Bundle bundle) => new([.. bundle.PathMtusOf()
        .Where(at => at.Path.Mtu is not null)
        .GroupBy(at => (at.Path.Target, at.Path.Address, at.Path.Real))
        .Where(group => group.Any(at => at.Path.Flow is not null) && group.Select(at => at.Path.Mtu).Distinct().Count() > 1)
        .Select(group => Make([.. group.OrderBy(at => at.Path.Mtu)]))], []);

    private Finding Make(IReadOnlyList<(PathMtuEvidence Path, string Pointer)> flows)
    {
        var (smallest, largest) = (flows[0].Path, flows[^1].Path);
        return new Finding
        {
            Rule = Id,
            Title = Say($"Some flows to {smallest.Target} take {smallest.Mtu ?? 0} octets, others {largest.Mtu ?? 0}"),
            Severity = Severity.Degraded,

            // Whoever answered: that a load balancer may have answered for the larger size itself is no doubt about the difference.
            Confidence = flows.Min(at => at.Path.Reason == PathMtuReason.NoProof ? Confidence.Likely : at.Path.Confidence),
            Where = smallest.Where(),
            Summary = Say(
                $"The same search with other ports gave another path MTU: one way of a balanced group takes less than the others. "
                    + $"Some connections work and others hang, by their source port."),
            Evidence = [.. flows.Select(at => new EvidenceItem(
                at.Path.Flow is { } flow
                    ? Say($"flow {flow.Id}, source port {flow.SourcePort}: {Word.Of(at.Path.Verdict):ours}")
                    : Say($"first flow: {Word.Of(at.Path.Verdict):ours}"),
                $"{at.Path.Mtu} octets", $"{at.Pointer}/mtu"))],
            NotBecause = ["not a change over time: each flow keeps its answer"],
            Fix = ["raise the MTU of the smaller member, or take it out of the group until it is", .. PathMtuWords.Fixes(smallest)],
        }.Verified(smallest, flows.Max(at => at.Path.Flow?.Id));
    }
}
