using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using static Probe.Report.Diagnosis.TraceReading;

namespace Probe.Report.Diagnosis;

/// <summary>PRB-PATH-013: a router passes on packets whose TTL has ended; it never shows, and the one behind it shows twice.</summary>
internal sealed class ZeroTtlForwarding : IRule
{
    public string Id => "PRB-PATH-013";

    public string Title => "zero-TTL forwarding";

    public IReadOnlyList<string> Needs => ["/traces"];

    public IReadOnlyList<string> Falsifiers =>
        ["the router quotes TTL 0 at its own TTL as well: then it only counts down before it quotes"];

    public RuleResult Evaluate(Bundle bundle) => new(
        [.. bundle.TracesOf().SelectMany(at => QuoteReading.ZeroTtl(at.Trace.Hops).Select(node => Make(at.Trace, at.Pointer, node)))],
        [.. bundle.WithoutQuotes()]);

    private Finding Make(TraceEvidence trace, string pointer, NodeAt at)
    {
        var (hop, node) = (trace.Hops[at.Hop], at.Of(trace.Hops));
        return new Finding
        {
            Rule = Id,
            Title = Say($"{node.Address} shows at TTL {hop.Ttl} for the router before it, which forwards with TTL 0"),
            Severity = Severity.Info,
            Confidence = Confidence.Proved,
            Where = $"TTL {hop.Ttl}, {StrangerText.Clean(node.Address)}",
            Summary = Say(
                $"The router at TTL {hop.Ttl} does not drop packets whose TTL ends there but passes them on with TTL 0. {node.Address} "
                    + $"drops them and so answers at TTL {hop.Ttl} and, with its own, at TTL {hop.Ttl + 1}. It is one router and no loop."),
            Evidence = [
                new EvidenceItem(Say($"TTL {hop.Ttl}: {node.Address} quotes the probe with TTL"), "0",
                $"{pointer}/hops/{at.Hop}/nodes/{at.Node}/quoted/ttl")],
            NotBecause = ["not a loop: the first answer quotes TTL 0, the second does not"],
            Fix = ["nothing to fix on the path; the router before forwards what it should drop"],
            Verify = trace.TraceCommand(),
        };
    }
}
