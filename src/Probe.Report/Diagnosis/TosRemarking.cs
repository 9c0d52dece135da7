using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using static Probe.Report.Diagnosis.TraceReading;

namespace Probe.Report.Diagnosis;

/// <summary>PRB-PATH-009: somebody on the way changes DSCP or ECN, as the quotes of the routers behind show.</summary>
internal sealed class TosRemarking : IRule
{
    public string Id => "PRB-PATH-009";

    public string Title => "DSCP or ECN changed on the path";

    public IReadOnlyList<string> Needs => ["/traces"];

    public IReadOnlyList<string> Falsifiers => ["a capture behind the hop shows the octet as it was sent"];

    public RuleResult Evaluate(Bundle bundle)
    {
        var findings = new List<Finding>();
        var missing = bundle.WithoutQuotes().ToList();
        foreach (var (trace, pointer) in bundle.TracesOf())
        {
            if (trace.Tos is { } sent)
            {
                findings.AddRange(QuoteReading.Remarkings(trace.Hops, sent)
                    .Select(change => Make(trace, pointer, change.At, change.From, change.To)));
            }
            else if (trace.Hops.Any(hop => hop.Nodes.Any(node => node.Quoted is not null)))
            {
                missing.Add($"{pointer}/tos");
            }
        }

        return new RuleResult(findings, missing);
    }

    private Finding Make(TraceEvidence trace, string pointer, NodeAt at, int from, int to)
    {
        var (hop, node) = (trace.Hops[at.Hop], at.Of(trace.Hops));
        var change = QuoteReading.Describe(from, to);
        return new Finding
        {
            Rule = Id,
            Title = Say($"{change:ours} before hop {hop.Ttl} {node.Address}"),
            Severity = Severity.Info,
            Confidence = Confidence.Likely,
            Where = $"TTL {hop.Ttl}, {StrangerText.Clean(node.Address)}",
            Summary = Say(
                $"Hop {hop.Ttl} {node.Address} quotes the probe with {change:ours}; up to the last quote before it the octet was "
                    + $"unchanged. A router between the two, or this one before it quotes, remarks packets to {trace.Target}."),
            Evidence = [
                new EvidenceItem(Say($"TTL {hop.Ttl}: TOS or traffic class that {node.Address} quotes, {from} before"), $"{to}",
                $"{pointer}/hops/{at.Hop}/nodes/{at.Node}/quoted/tos")],
            NotBecause = from == trace.Tos && at.Hop == 0 ? [] : ["not this host's own firewall: hops before quote the octet unchanged"],
            Fix = [Say(
                $"where the marking matters, look at the QoS policy of the routers at TTL {Math.Max(1, hop.Ttl - 1)} and {hop.Ttl}")],
            Verify = trace.TraceCommand() is { } command ? $"{command} --dscp {(trace.Tos ?? 0) >> 2}" : null,
        };
    }
}
