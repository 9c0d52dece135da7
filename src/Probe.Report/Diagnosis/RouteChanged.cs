using System.Globalization;
using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using Probe.Report.Markdown;
using static Probe.Report.Diagnosis.TraceReading;

namespace Probe.Report.Diagnosis;

/// <summary>PRB-PATH-010: from one instant on the same flows took another way.</summary>
internal sealed class RouteChanged : IRule
{
    public string Id => "PRB-PATH-010";

    public string Title => "route change during the run";

    public IReadOnlyList<string> Needs => ["/traces"];

    public IReadOnlyList<string> Falsifiers => ["both ways are taken in turn at the next run: then packets are balanced one by one"];

    public RuleResult Evaluate(Bundle bundle) => new(
        [.. bundle.TracesOf()
            .SelectMany(at =>
            (at.Trace.RouteChanges ?? []).Select((change, i) => Make(bundle, at.Trace, change, $"{at.Pointer}/routeChanges/{i}")))], []);

    private Finding Make(Bundle bundle, TraceEvidence trace, RouteChangeEvidence change, string pointer)
    {
        var at = bundle.Started.Plus(change.BeforeNs).ToString();
        var (from, to) = (Prose.Join(" and ", change.From.Select(Prose.Code)), Prose.Join(" and ", change.To.Select(Prose.Code)));
        return new Finding
        {
            Rule = Id,
            Title = Say(
                $"The route changed {(change.BeforeNs / 1e9).ToString("0.0", CultureInfo.InvariantCulture):ours} s into the run at TTL "
                    + $"{change.Ttl}: {from}, then {to}"),
            Severity = Severity.Info,
            Confidence = Confidence.Likely,
            Where = $"TTL {change.Ttl}, at {at}",
            Summary = Say(
                $"At TTL {change.Ttl} on the way to {trace.Target}, {from} answered until "
                    + $"{bundle.Started.Plus(change.AfterNs).ToString():ours} and {to} from {at:ours} on. One such instant explains every "
                    + $"switch of every flow, so that it is no balancing per packet. Figures of the hops from there on mix two paths."),
            Evidence =
            [
                new EvidenceItem("flows that moved", string.Join(", ", change.Flows), $"{pointer}/flows"),
                new EvidenceItem("first probe that took the new way", at, $"{pointer}/beforeNs"),
            ],
            NotBecause = ["not balancing per packet: each flow kept to one way before and to one after"],
            Fix = ["compare the time with the routing protocol's log of the routers there"],
            Verify = trace.TraceCommand(),
        };
    }
}
