using Probe.Core.Tracing;

namespace Probe.Cli.Trace;

/// <summary>What a running sweep is doing, in one line.</summary>
internal static class SweepWords
{
    private const long SecondNs = 1_000_000_000;

    /// <summary>The line for a terminal.</summary>
    public static string Progress(OpenTrace open) => open.Sweep is MultipathTracer search
        ? Search(search, open.Request.Search!)
        : $"{open.Sweep.ProbesSent} probes sent, {open.Sweep.ProbesAnswered} answered";

    /// <summary>How far a search is, and how long it may take.</summary>
    public static string Search(MultipathTracer search, SearchRequest request)
    {
        var limited = search.LimitedHops.Select(hop => hop.Ttl).ToList();
        var expectation = limited.Count == 0
            ? "below a second as a rule, minutes where hops limit their answers"
            : $"about {Math.Max(1, (search.ExpectedDurationNs + SecondNs - 1) / SecondNs)} s more";
        var why = limited.Count == 0
            ? "" : $"; {(limited.Count == 1 ? "hop" : "hops")} {string.Join(", ", limited)} "
                + $"limit{(limited.Count == 1 ? "s its" : " their")} answers";
        return $"searching all paths: {expectation}; "
            + $"{search.Addresses} addresses, {search.ProbesSent} of at most {request.MaxProbes} probes{why}";
    }
}
