using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using Probe.Report.Diagnosis;
using Probe.Report.Markdown;

namespace Probe.Report.Parts;

/// <summary>A trace as a table: one row per address at a TTL, one for a silent hop.</summary>
internal static class PathTable
{
    private static readonly Column[] Columns =
    [
        new("TTL", Numeric: true), new("Address"), new("Name"), new("Sent", Numeric: true), new("Answered", Numeric: true),
        new("Loss", Numeric: true),
        new("Min ms", Numeric: true), new("Avg ms", Numeric: true), new("Max ms", Numeric: true), new("Notes"),
    ];

    public static void Add(MarkdownBuilder report, TraceEvidence trace)
    {
        report.Paragraph(How(trace)).Table(Columns, trace.Hops.SelectMany(hop => Rows(trace, hop)));
        if (trace.LocalLost > 0)
        {
            report.Paragraph($"Up to {trace.LocalLost} answers were lost in the measuring host: the loss figures are upper bounds.");
        }
    }

    private static Prose How(TraceEvidence trace)
    {
        var how = Prose.Of($"{Word.Of(trace.Protocol).ToUpperInvariant():ours} probes");
        Append(trace.Port is { } port ? Prose.Of($" to port {port}") : null);
        Append(trace.Size is { } size ? Prose.Of($" of {size} octets") : null);
        Append(Prose.Of($" from {trace.Source} to {trace.Address}"));
        Append(trace.Via.Count > 0 ? Prose.Of($" via {Prose.Join(", ", trace.Via.Select(Prose.Code))}") : null);
        Append(trace.Mode == TraceMode.Raw ? null : Prose.Of($", {Word.Of(trace.Mode)}"));
        Append(Prose.Of($"; stopped by {Word.Of(trace.StopReason)}."));
        return how;

        void Append(Prose? part)
        {
            if (part is not null)
            {
                how.AppendFormatted(part);
            }
        }
    }

    private static IEnumerable<Prose[]> Rows(TraceEvidence trace, HopEvidence hop)
    {
        if (hop.Nodes.Count == 0)
        {
            yield return
            [
                Prose.Of($"{hop.Ttl}"), Prose.Of($"silent"), Prose.Empty, Prose.Of($"{hop.Sent}"), Prose.Of($"{0}"),
                Ours(Units.Percent(hop.Loss)),
                Ours(Units.None), Ours(Units.None), Ours(Units.None), Prose.Join(", ", hop.Notes.Select(Prose.Code)),
            ];
        }

        // One address at a TTL: the hop's own figures tell loss from rate limit. Several: each has only its own flows'.
        var single = hop.Nodes.Count == 1;
        for (var i = 0; i < hop.Nodes.Count; i++)
        {
            var node = hop.Nodes[i];
            yield return
            [
                Prose.Of($"{hop.Ttl}"), Prose.Code(node.Address), node.Name is null ? Prose.Empty : Prose.Code(node.Name),
                Ours(Units.Count(single ? hop.Sent : node.Sent)), Prose.Of($"{node.Received}"),
                Ours(Units.Percent(single ? hop.Loss : node.Loss)),
                Ours(Units.Milliseconds(node.RttNs?.Min)), Ours(Units.Milliseconds(node.RttNs?.Avg)),
                Ours(Units.Milliseconds(node.RttNs?.Max)),
                Prose.Join(", ", Notes(trace, hop, node, first: i == 0)),
            ];
        }
    }

    private static IEnumerable<Prose> Notes(TraceEvidence trace, HopEvidence hop, NodeEvidence node, bool first)
    {
        var target = trace.IsTarget(node);
        foreach (var reply in node.Replies)
        {
            var mark = ReplyMark.Of(reply, target);
            var times = node.Replies.Count > 1 ? Prose.Of($" ×{reply.Count}") : Prose.Empty;
            if (mark.Length > 0)
            {
                yield return Prose.Of($"{mark}{times}");
            }
            else if (target && reply.Kind != ReplyKind.TimeExceeded)
            {
                yield return Prose.Of($"target: {Word.Of(reply.Kind):ours}{times}");
            }
        }

        if (first && hop.LimitsAnswers())
        {
            yield return Prose.Of($"rate-limited {Units.Percent(hop.RateLimited):ours}");
        }

        if (node.Balancing is not (NodeBalancing.Single or NodeBalancing.Unknown))
        {
            yield return Prose.Code(Word.Of(node.Balancing));
        }

        foreach (var label in node.Mpls ?? [])
        {
            yield return Prose.Of($"MPLS {label.Label}");
        }

        foreach (var note in first ? hop.Notes.Concat(node.Notes) : node.Notes)
        {
            yield return Prose.Code(note);
        }
    }

    private static Prose Ours(string text) => Prose.Of($"{text:ours}");
}
