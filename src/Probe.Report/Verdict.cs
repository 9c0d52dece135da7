using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using Probe.Report.Diagnosis;
using Probe.Report.Markdown;
using Probe.Report.Parts;

namespace Probe.Report;

/// <summary>The top of a report: title, and what is wrong, where, and how sure that is.</summary>
internal static class Verdict
{
    public static void Add(MarkdownBuilder report, Bundle bundle, Judgement judgement)
    {
        var parts = DocumentParts.MeasuredIn(bundle);

        // An info finding is no incident: then the title says what the path did.
        var worst = judgement.Findings.FirstOrDefault(finding => finding.Severity > Severity.Info);
        report.Heading(1, worst is null ? Outcome(parts, bundle) : Prose.Of($"{Prose.Parse(worst.Title)} ({worst.Rule:ours})"));
        report.Alert(
            Kind(parts, bundle, worst),
            worst is null
                ? WithoutFault(parts, bundle)
                : Prose.Of($"{$"Verdict ({Word.Of(worst.Confidence)}).":strong} {Prose.Parse(worst.Summary)}"),
            Others(worst is null ? "Worth knowing" : "Also",
                judgement.Findings.Where(finding => !ReferenceEquals(finding, worst)).ToArray()),
            bundle.Complete
                ? Prose.Empty
                : Prose.Of($"The run ended early ({Word.Of(bundle.EndReason)}): what is missing here may only not have been looked at."),
            Prose.Join(" ", parts.Select(part => part.Remark(bundle)).OfType<Prose>()));
    }

    private static AlertKind Kind(IReadOnlyList<IMeasuredPart> parts, Bundle bundle, Finding? worst) => worst switch
    {
        { Severity: Severity.Outage } when worst.IsFault() => AlertKind.Caution,
        not null => AlertKind.Warning,
        null => parts.All(part => part.IsWell(bundle)) ? AlertKind.Note : AlertKind.Warning,
    };

    private static Prose Outcome(IReadOnlyList<IMeasuredPart> parts, Bundle bundle) =>
        parts.Count == 0 ? Prose.Of($"A document without measurements") : Prose.Join("; ", parts.Select(part => part.Title(bundle)));

    private static Prose WithoutFault(IReadOnlyList<IMeasuredPart> parts, Bundle bundle)
    {
        var verdict = parts.Count == 0
            ? Prose.Of($"Nothing was measured that a rule could judge.")
            : Prose.Join(" ", parts.Select(part => part.Verdict(bundle)));
        return Prose.Of($"{"Verdict.":strong} {verdict}");
    }

    private static Prose Others(string lead, Finding[] findings) => findings.Length == 0
        ? Prose.Empty
        : Prose.Of($"{lead:ours}: {Prose.Join("; ", findings.Select(Named))}.");

    private static Prose Named(Finding finding) =>
        Prose.Of($"{Prose.Parse(finding.Title)} ({finding.Rule:ours}, {Word.Of(finding.Severity):ours})");
}
