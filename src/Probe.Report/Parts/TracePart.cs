using Probe.Core.Evidence;
using Probe.Report.Markdown;

namespace Probe.Report.Parts;

/// <summary>Traces in a report.</summary>
internal sealed class TracePart : IMeasuredPart
{
    public Prose Title(Bundle bundle) => bundle.Traces! switch
    {
        [{ Reached: true } trace] => Prose.Of($"Path to {Named(trace)}: reached in {Hops(trace)}"),
        [var trace] => Prose.Of($"Path to {Named(trace)}: not reached"),
        var traces => Prose.Of($"Paths to {traces.Count} targets: {traces.Count(trace => trace.Reached)} reached"),
    };

    public Prose Verdict(Bundle bundle)
    {
        var silent = bundle.Traces!.Where(trace => !trace.Reached).Select(Silent).ToList();
        return silent.Count == 0 ? Prose.Of($"No fault was found.") : Prose.Of($"{Prose.Join(" ", silent)} No rule explains it.");
    }

    public bool IsWell(Bundle bundle) => bundle.Traces!.All(trace => trace.Reached);

    public Prose? Remark(Bundle bundle) => bundle.Traces!.Any(trace => trace.LocalLost > 0)
        ? Prose.Of($"The measuring host lost answers before they were read: loss figures are upper bounds, and no finding rests on them.")
        : null;

    public void AddSections(MarkdownBuilder report, Bundle bundle)
    {
        foreach (var trace in bundle.Traces!)
        {
            report.Heading(2, bundle.Traces.Count == 1 ? Prose.Of($"Path") : Prose.Of($"Path to {trace.Target}"));
            PathTable.Add(report, trace);
            LinkTable.Add(report, trace);
        }
    }

    private static Prose Silent(TraceEvidence trace)
    {
        var last = trace.Hops.LastOrDefault(hop => hop.Nodes.Count > 0);
        return last is null
            ? Prose.Of($"{trace.Target} did not answer, and no hop did.")
            : Prose.Of($"{trace.Target} did not answer; the last answer came from {last.Nodes[0].Address} at TTL {last.Ttl}.");
    }

    private static Prose Named(TraceEvidence trace) => string.Equals(trace.Target, trace.Address, StringComparison.Ordinal)
        ? Prose.Code(trace.Target)
        : Prose.Of($"{trace.Target} ({trace.Address})");

    private static Prose Hops(TraceEvidence trace) =>
        trace.ReachedTtl is { } ttl ? Prose.Of($"{ttl} {(ttl == 1 ? "hop" : "hops"):ours}") : Prose.Of($"an unknown number of hops");
}
