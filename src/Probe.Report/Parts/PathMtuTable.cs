using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using Probe.Report.Charts;
using Probe.Report.Markdown;
using Probe.Report.Diagnosis;

namespace Probe.Report.Parts;

/// <summary>Path MTUs: a row each, and a drawing of the sizes that were tried.</summary>
internal static class PathMtuTable
{
    // A report is read by people; the document has them all.
    private const int MostLadders = 8;

    private static readonly Column[] Columns =
    [
        new("Target"), new("Via"), new("Flow"), new("Path MTU", Numeric: true), new("Outside", Numeric: true), new("Verdict"),
        new("Confidence"), new("Proved by"), new("Sent", Numeric: true),
    ];

    public static void Add(MarkdownBuilder report, IReadOnlyList<PathMtuEvidence> paths)
    {
        report.Table(Columns, paths.Select(Row));
        foreach (var path in paths.Take(MostLadders))
        {
            report.Paragraph(Prose.Of($"{Named(path)}: {PathMtuWords.Verdict(path)} {PathMtuWords.Fits(path)}"));
            if (SizeLadder.Draw(path) is { Count: > 0 } rows)
            {
                report.Fence("text", rows);
            }
        }

        if (paths.Count > MostLadders)
        {
            report.Paragraph($"{paths.Count - MostLadders} more stand in the document.");
        }
    }

    /// <summary>Target, real server and flow.</summary>
    public static Prose Named(PathMtuEvidence path)
    {
        var name = Prose.Of($"{path.Target}");
        if (path.Real is { } real)
        {
            name.AppendFormatted(Prose.Of($" on {real}"));
        }

        if (path.Flow is { } flow)
        {
            name.AppendFormatted(Prose.Of($" (flow {flow.Id}, source port {flow.SourcePort})"));
        }

        return name;
    }

    private static Prose[] Row(PathMtuEvidence path) =>
    [
        path.Real is null ? Prose.Code(path.Target) : Prose.Of($"{path.Target} on {path.Real}"),
        Prose.Join(", ", path.Via.Select(Prose.Code)),
        path.Flow is { } flow ? Prose.Of($"{flow.Id}") : Prose.Empty, Number(path.Mtu),
        path.Via.Count > 0 ? Number(path.OuterMtu) : Prose.Empty,
        Prose.Of($"{Word.Of(path.Verdict):ours}"), Prose.Of($"{Word.Of(path.Confidence):ours}"),
        path.ProvedBy is { } proof ? Prose.Of($"{Word.Of(proof):ours}") : Prose.Empty, Prose.Of($"{path.Sent}"),
    ];

    private static Prose Number(int? octets) => octets is { } number ? Prose.Of($"{number}") : Prose.Of($"{Units.None:ours}");
}
