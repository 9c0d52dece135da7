using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using static Probe.Report.Diagnosis.TraceReading;

namespace Probe.Report.Diagnosis;

/// <summary>
/// PRB-PATH-001: a hop leaves probes unanswered that later hops prove to have passed. It limits its own answers (a Linux router: one a
/// second to one host); nothing is lost on the path.
/// </summary>
internal sealed class RateLimitedHop : IRule
{
    public string Id => "PRB-PATH-001";

    public string Title => "missing answers of an intermediate hop only (ICMP rate limit)";

    public IReadOnlyList<string> Needs => ["/traces"];

    public IReadOnlyList<string> Falsifiers => ["the answers are missing at one probe a second too", "later hops miss as many answers"];

    public RuleResult Evaluate(Bundle bundle)
    {
        var findings = new List<Finding>();
        var missing = new List<string>();
        foreach (var (trace, pointer) in bundle.TracesOf())
        {
            var limited = trace.Hops.Select((hop, i) => (Hop: hop, Pointer: $"{pointer}/hops/{i}")).Where(at => at.Hop.LimitsAnswers())
                .ToArray();
            if (trace.LocalLost > 0)
            {
                missing.Add(
                    Say($"{pointer:ours}: up to {trace.LocalLost} answers were lost in the measuring host, "
                        + $"so that no loss can be told from them"));
            }
            else if (limited.Length > 0)
            {
                findings.Add(Make(trace, limited));
            }
        }

        return new RuleResult(findings, missing);
    }

    private Finding Make(TraceEvidence trace, (HopEvidence Hop, string Pointer)[] limited)
    {
        var ttls = string.Join(", ", limited.Select(at => at.Hop.Ttl));
        return new Finding
        {
            Rule = Id,
            Title = limited.Length == 1
                ? Say($"Hop {limited[0].Hop.Ttl} limits its answers; no packet is lost there")
                : Say($"Hops {ttls:ours} limit their answers; no packet is lost there"),
            Severity = Severity.Info,
            Confidence = Confidence.Likely,
            Where = $"TTL {ttls}",
            Summary =
                "Some probes got no answer from here although later hops or the target answered probes that came through. "
                    + "Routers answer with low priority and limit how often; what they forward is not touched by that.",
            Evidence = [.. limited.Select(at => new EvidenceItem(
                Say($"TTL {at.Hop.Ttl}: {at.Hop.Received} of {at.Hop.Sent} probes answered, "
                    + $"path loss as far as later hops tell {Units.Percent(at.Hop.Loss):ours}"),
                $"rate-limited {Units.Percent(at.Hop.RateLimited)}",
                $"{at.Pointer}/rateLimited"))],
            NotBecause = ["not loss on the path: it would show at every later hop as well"],
            Fix = ["nothing to fix; do not report this hop as lossy"],
            Verify = trace.TraceCommand() is { } command ? $"{command} -i 2s" : null,
        };
    }
}
