using Probe.Core.Evidence;
using Probe.Report.Markdown;

namespace Probe.Report.Parts;

/// <summary>Where flows part, link by link: how many flows use each and what became of their probes at its far end.</summary>
internal static class LinkTable
{
    private static readonly Column[] Columns =
    [
        new("TTL", Numeric: true), new("From"), new("To"), new("Flows", Numeric: true), new("Sent", Numeric: true),
        new("Answered", Numeric: true),
        new("Unanswered", Numeric: true), new("Avg ms", Numeric: true),
    ];

    /// <summary>Adds the table; nothing where flows never part.</summary>
    public static void Add(MarkdownBuilder report, TraceEvidence trace)
    {
        var parting = trace.Links.GroupBy(link => link.Ttl).Where(same => same.Count() > 1).SelectMany(same => same).ToArray();
        if (parting.Length > 0)
        {
            report.Paragraph($"Where flows part, link by link; what a far end left unanswered may be loss or its own limit:")
                .Table(Columns, parting.Select(link => new[]
            {
                Prose.Of($"{link.Ttl}"), End(link.From), End(link.To), Prose.Of($"{link.Flows.Count}"), Prose.Of($"{link.Sent}"),
                Prose.Of($"{link.Received}"),
                Prose.Of($"{Units.Percent(link.Loss):ours}"), Prose.Of($"{Units.Milliseconds(link.RttNs?.Avg):ours}"),
            }));
        }
    }

    private static Prose End(string? address) => address is null ? Prose.Of($"silent") : Prose.Code(address);
}
