using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using Probe.Report.Markdown;

namespace Probe.Report.Parts;

/// <summary>Health checks in a report.</summary>
internal sealed class CheckPart : IMeasuredPart
{
    public Prose Title(Bundle bundle)
    {
        var targets = CheckTables.Targets(bundle);
        return Prose.Of($"Checks of {targets.Count} targets: {targets.Count(target => CheckTables.IsDown(target.Last))} down");
    }

    public Prose Verdict(Bundle bundle)
    {
        var targets = CheckTables.Targets(bundle);
        var down = targets.Count(target => CheckTables.IsDown(target.Last));
        var unknown = targets.Count(target => !target.Last.Verdict.IsAboutTarget());
        var prose = Prose.Of($"{targets.Count - down - unknown} targets are up, {down} count as down.");
        if (unknown > 0)
        {
            prose.AppendFormatted(
                Prose.Of($" {unknown} could not be judged, for a fault of the measuring host: that says nothing about them."));
        }

        return prose;
    }

    public bool IsWell(Bundle bundle) => !CheckTables.Targets(bundle).Any(target => CheckTables.IsDown(target.Last));

    public Prose? Remark(Bundle bundle) => null;

    public void AddSections(MarkdownBuilder report, Bundle bundle)
    {
        report.Heading(2, $"Checks");
        CheckTables.Add(report, bundle);
    }
}
