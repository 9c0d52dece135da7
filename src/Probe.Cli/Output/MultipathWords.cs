using System.Globalization;
using Probe.Core.Evidence;
using Probe.Core.Vocabulary;

namespace Probe.Cli.Output;

/// <summary>What a search of all paths found and how sure that is, in lines for people.</summary>
internal static class MultipathWords
{
    /// <summary>The lines; none when nothing was searched.</summary>
    public static IEnumerable<string> Of(TraceEvidence trace)
    {
        if (trace.Multipath is not { } search)
        {
            yield break;
        }

        var flows = trace.Flows.Count(flow => flow.Sent > 0);
        var nodes = trace.Hops.Sum(hop => hop.Nodes.Count);
        var links = trace.Links.Count(link => link.From is not null && link.To is not null);
        yield return $"All paths: {Counted(nodes, "node")}, {Counted(links, "link")}, {Counted(flows, "flow")}, "
            + $"{Counted(search.Probes, "probe")}, "
            + $"{Word.Of(search.Mode).ToUpperInvariant()}, {(search.Complete ? "complete" : "not complete")}.";
        if (trace.Hops.Where(hop =>
            hop.Received > 0 && (hop.RateLimited > 0 || hop.Notes.Contains(HopEvidence.RateLimitPossible, StringComparer.Ordinal)))
            .Select(hop => hop.Ttl).ToList() is { Count: > 0 } limited)
        {
            yield return $"Rate-limited, as far as can be told: {(limited.Count == 1 ? "hop" : "hops")} {string.Join(", ", limited)}.";
        }

        if (!search.Complete)
        {
            yield return $"Asked for: {Percent(search.Confidence)} {Of(search.Scope)}; the search ended before, so more paths may exist.";
            yield break;
        }

        var graph = search is { Scope: ConfidenceScope.Hop, GraphConfidence: { } whole } ? $", {Percent(whole)} of the whole graph" : "";
        var assumption = search.Assumes is { } assumed ? $", if {assumed}" : "";
        var share = search.SmallestShareSeen is { } smallest
            ? $"; a next hop with {Percent(100 * smallest)} of its node's traffic would have been seen" : "";
        yield return $"Confidence: {Percent(search.Confidence)} {Of(search.Scope)}{graph}{assumption}{share}.";
    }

    /// <summary>How far the result is to be believed, in one line; null when nothing was searched.</summary>
    public static string? Brief(TraceEvidence trace) => trace.Multipath is not { } search ? null
        : $"{(search.Complete ? "All paths found" : "Not all paths found")}: {Percent(search.Confidence)} {Of(search.Scope)}, "
            + $"{search.Probes} probes.";

    private static string Counted(int count, string what) => $"{count} {what}{(count == 1 ? "" : "s")}";

    private static string Of(ConfidenceScope scope) => scope == ConfidenceScope.Graph ? "of the whole graph" : "of each node's next hops";

    private static string Percent(double percent) => percent.ToString("0.##", CultureInfo.InvariantCulture) + " %";
}
