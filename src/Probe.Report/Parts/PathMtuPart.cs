using Probe.Core.Evidence;
using Probe.Report.Diagnosis;
using Probe.Report.Markdown;

namespace Probe.Report.Parts;

/// <summary>Path MTUs in a report.</summary>
internal sealed class PathMtuPart : IMeasuredPart
{
    private const int MostSentences = 3;

    public Prose Title(Bundle bundle) => bundle.PathMtus! switch
    {
        [{ Mtu: { } mtu } path] => Prose.Of($"Path MTU to {PathMtuTable.Named(path)}: {mtu}"),
        [var path] => Prose.Of($"Path MTU to {PathMtuTable.Named(path)}: unknown"),
        var paths when paths.Select(path => path.Target).Distinct(StringComparer.Ordinal).Count() == 1 =>
            Prose.Of($"Path MTUs to {paths[0].Target}: {paths.Count} measured"),
        var paths => Prose.Of($"Path MTUs to {paths.Count} targets"),
    };

    public Prose Verdict(Bundle bundle) => Prose.Join(" ", bundle.PathMtus!.Take(MostSentences).Select(PathMtuWords.Verdict));

    public bool IsWell(Bundle bundle) => bundle.PathMtus!.All(path => path.Mtu is not null);

    public Prose? Remark(Bundle bundle) => null;

    public void AddSections(MarkdownBuilder report, Bundle bundle)
    {
        report.Heading(2, $"Path MTU");
        PathMtuTable.Add(report, bundle.PathMtus!);
    }
}
