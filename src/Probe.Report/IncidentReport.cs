using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using Probe.Report.Diagnosis;
using Probe.Report.Markdown;
using Probe.Report.Parts;

namespace Probe.Report;

/// <summary>
/// A document as an incident report in GitHub-flavoured Markdown. A pure function: the same document gives the same octets, on any machine,
/// in any locale and time zone.
/// </summary>
public static class IncidentReport
{
    /// <summary>Judges the document by all rules and renders it; findings stored in it are not looked at.</summary>
    public static string Render(Bundle bundle) => Render(bundle, KnownRules.All);

    /// <summary>As <see cref="Render(Bundle)"/> with these rules.</summary>
    public static string Render(Bundle bundle, RuleSet rules)
    {
        var judgement = rules.Judge(bundle);
        var report = new MarkdownBuilder();
        Verdict.Add(report, bundle, judgement);
        foreach (var part in DocumentParts.MeasuredIn(bundle))
        {
            part.AddSections(report, bundle);
        }

        AddFindings(report, judgement, rules);
        AddExcluded(report, judgement);
        AddNotExamined(report, bundle, judgement);
        AddEnvironment(report, bundle);
        report.Heading(2, $"Reproduce").Paragraph($"The command line as the document records it:")
            .Fence("sh", ShellText.Quote(bundle.Command));
        return report.ToString();
    }

    private static void AddFindings(MarkdownBuilder report, Judgement judgement, RuleSet rules)
    {
        report.Heading(2, $"Findings");
        if (judgement.Findings.Count == 0)
        {
            report.Paragraph($"None.");
        }

        for (var i = 0; i < judgement.Findings.Count; i++)
        {
            var finding = judgement.Findings[i];
            report.Heading(3, $"Finding {i + 1}: {Prose.Parse(finding.Title)}")
                .Paragraph($"{finding.Rule} · {Word.Of(finding.Severity):ours} · {Word.Of(finding.Confidence):ours} · {finding.Where}")
                .Paragraph(Prose.Parse(finding.Summary))
                .Table(
                    [new Column("Evidence"), new Column("Value"), new Column("Where in the document")],
                    finding.Evidence.Select(item => new[] { Prose.Parse(item.Text), Prose.Code(item.Value), Prose.Code(item.Pointer) }));
            AddList(report, "Why not something else:", finding.NotBecause);
            AddList(report, "What would refute it:", rules.FalsifiersOf(finding.Rule));
            AddList(report, "What to do:", finding.Fix);
            if (finding.Verify is { } verify)
            {
                report.Paragraph($"Verify with:").Fence("sh", verify);
            }
        }
    }

    private static void AddList(MarkdownBuilder report, string title, IReadOnlyList<string> items)
    {
        if (items.Count > 0)
        {
            report.Paragraph($"{title:ours}").List(items.Select(Prose.Parse));
        }
    }

    private static void AddExcluded(MarkdownBuilder report, Judgement judgement)
    {
        report.Heading(2, $"Excluded");
        if (judgement.Excluded.Count == 0)
        {
            report.Paragraph($"Nothing.");
        }

        report.List(judgement.Excluded.Select(rule => Prose.Of($"{rule.Id} {rule.Title:ours}: looked for, not there")));
    }

    private static void AddNotExamined(MarkdownBuilder report, Bundle bundle, Judgement judgement)
    {
        var rules = judgement.NotExamined.GroupBy(item => item.Missing, StringComparer.Ordinal)
            .Select(group =>
                Prose.Of($"{Prose.Join(", ", group.Select(item => Prose.Code(item.Rule)))} could not be judged: {Prose.Parse(group.Key)}"));
        var gaps = (bundle.Gaps ?? []).Select(gap => Prose.Of($"{gap.What}: {gap.Why}"));
        var all = rules.Concat(gaps).ToArray();
        report.Heading(2, $"Not examined");
        if (all.Length == 0)
        {
            report.Paragraph($"Nothing was left out that the rules know of.");
        }

        report.List(all);
    }

    private static void AddEnvironment(MarkdownBuilder report, Bundle bundle)
    {
        var facts = new List<Prose>
        {
            Prose.Of($"measured by {bundle.Tool.Name} {bundle.Tool.Version}, document {bundle.Schema}"),
            Prose.Of($"from {bundle.Started.ToString()} to {bundle.Ended.ToString()}, ended by {Word.Of(bundle.EndReason)}"),
        };
        if (bundle.Host is { } host)
        {
            Add("host", host.Name);
            Add("kernel", host.Kernel);
            Add("boot id", host.BootId);
            Add("network namespace", host.NetworkNamespace is { } inode ? Units.Count(inode) : null);
            Add("capabilities", host.Capabilities is { } capabilities ? string.Join(' ', capabilities) : null);
        }

        foreach (var capture in bundle.Captures ?? [])
        {
            facts.Add(Prose.Of($"capture {capture.File}, SHA-256 {capture.Sha256}"));
        }

        report.Heading(2, $"Environment").List(facts);

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                facts.Add(Prose.Of($"{name:ours} {value}"));
            }
        }
    }
}
