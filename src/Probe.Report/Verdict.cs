using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using Probe.Report.Diagnosis;
using Probe.Report.Markdown;

namespace Probe.Report;

/// <summary>The top of a report: title, and what is wrong, where, and how sure that is.</summary>
internal static class Verdict
{
    private const int MostSentences = 3;

    public static void Add(MarkdownBuilder report, Bundle bundle, Judgement judgement)
    {
        // An info finding is no incident: then the title says what the path did.
        var worst = judgement.Findings.FirstOrDefault(finding => finding.Severity > Severity.Info);
        report.Heading(1, worst is null ? Outcome(bundle) : Prose.Of($"{Prose.Parse(worst.Title)} ({worst.Rule:ours})"));
        report.Alert(
            Kind(bundle, worst),
            worst is null ? WithoutFault(bundle) : Prose.Of($"{$"Verdict ({Word.Of(worst.Confidence)}).":strong} {Prose.Parse(worst.Summary)}"),
            Others(worst is null ? "Worth knowing" : "Also", judgement.Findings.Where(finding => !ReferenceEquals(finding, worst)).ToArray()),
            bundle.Complete ? Prose.Empty : Prose.Of($"The run ended early ({Word.Of(bundle.EndReason)}): what is missing here may only not have been looked at."),
            (bundle.Traces ?? []).Any(trace => trace.LocalLost > 0)
                ? Prose.Of($"The measuring host lost answers before they were read: loss figures are upper bounds, and no finding rests on them.")
                : Prose.Empty);
    }

    private static AlertKind Kind(Bundle bundle, Finding? worst) => worst switch
    {
        { Severity: Severity.Outage } when worst.IsFault() => AlertKind.Caution,
        not null => AlertKind.Warning,
        null => (bundle.Traces ?? []).All(trace => trace.Reached) && (bundle.PathMtus ?? []).All(path => path.Mtu is not null) && !CheckTables.Targets(bundle).Any(target => CheckTables.IsDown(target.Last))
            ? AlertKind.Note
            : AlertKind.Warning,
    };

    private static Prose Outcome(Bundle bundle) => bundle.Traces switch
    {
        null or [] when bundle.Checks is { Count: > 0 } => Checked(bundle),
        null or [] when bundle.PathMtus is { Count: > 0 } paths => Sized(paths),
        null or [] => Prose.Of($"A document without traces"),
        [{ Reached: true } trace] => Prose.Of($"Path to {Named(trace)}: reached in {Hops(trace)}"),
        [var trace] => Prose.Of($"Path to {Named(trace)}: not reached"),
        var traces => Prose.Of($"Paths to {traces.Count} targets: {traces.Count(trace => trace.Reached)} reached"),
    };

    private static Prose WithoutFault(Bundle bundle)
    {
        var traces = bundle.Traces ?? [];
        var verdict = Prose.Of($"{"Verdict.":strong} ");
        if (traces.Count == 0 && bundle.Checks is { Count: > 0 })
        {
            verdict.AppendFormatted(Judged(bundle));
            return verdict;
        }

        if (traces.Count == 0 && bundle.PathMtus is { Count: > 0 } paths)
        {
            verdict.AppendFormatted(Prose.Join(" ", paths.Take(MostSentences).Select(PathMtuWords.Verdict)));
            return verdict;
        }

        if (traces.Count == 0)
        {
            verdict.AppendLiteral("Nothing was measured that a rule could judge.");
            return verdict;
        }

        verdict.AppendFormatted(Prose.Join(" ", traces.Where(trace => !trace.Reached).Select(Silent)));
        verdict.AppendLiteral(traces.All(trace => trace.Reached) ? "No fault was found." : " No rule explains it.");
        return verdict;
    }

    private static Prose Sized(IReadOnlyList<PathMtuEvidence> paths) => paths switch
    {
        [{ Mtu: { } mtu } path] => Prose.Of($"Path MTU to {PathMtuTable.Named(path)}: {mtu}"),
        [var path] => Prose.Of($"Path MTU to {PathMtuTable.Named(path)}: unknown"),
        _ when paths.Select(path => path.Target).Distinct(StringComparer.Ordinal).Count() == 1 => Prose.Of($"Path MTUs to {paths[0].Target}: {paths.Count} measured"),
        _ => Prose.Of($"Path MTUs to {paths.Count} targets"),
    };

    private static Prose Checked(Bundle bundle)
    {
        var targets = CheckTables.Targets(bundle);
        return Prose.Of($"Checks of {targets.Count} targets: {targets.Count(target => CheckTables.IsDown(target.Last))} down");
    }

    private static Prose Judged(Bundle bundle)
    {
        var targets = CheckTables.Targets(bundle);
        var down = targets.Count(target => CheckTables.IsDown(target.Last));
        var unknown = targets.Count(target => !target.Last.Verdict.IsAboutTarget());
        var prose = Prose.Of($"{targets.Count - down - unknown} targets are up, {down} count as down.");
        if (unknown > 0)
        {
            prose.AppendFormatted(Prose.Of($" {unknown} could not be judged, for a fault of the measuring host: that says nothing about them."));
        }

        return prose;
    }

    private static Prose Silent(TraceEvidence trace)
    {
        var last = trace.Hops.LastOrDefault(hop => hop.Nodes.Count > 0);
        return last is null
            ? Prose.Of($"{trace.Target} did not answer, and no hop did.")
            : Prose.Of($"{trace.Target} did not answer; the last answer came from {last.Nodes[0].Address} at TTL {last.Ttl}.");
    }

    private static Prose Others(string lead, Finding[] findings) => findings.Length == 0
        ? Prose.Empty
        : Prose.Of($"{lead:ours}: {Prose.Join("; ", findings.Select(finding => Prose.Of($"{Prose.Parse(finding.Title)} ({finding.Rule:ours}, {Word.Of(finding.Severity):ours})")))}.");

    private static Prose Named(TraceEvidence trace) => string.Equals(trace.Target, trace.Address, StringComparison.Ordinal)
        ? Prose.Code(trace.Target)
        : Prose.Of($"{trace.Target} ({trace.Address})");

    private static Prose Hops(TraceEvidence trace) => trace.ReachedTtl is { } ttl ? Prose.Of($"{ttl} {(ttl == 1 ? "hop" : "hops"):ours}") : Prose.Of($"an unknown number of hops");
}
