using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using Probe.Report.Markdown;
using static Probe.Report.Diagnosis.TraceReading;

namespace Probe.Report.Diagnosis;

/// <summary>
/// PRB-PATH-005: packets of one flow pass the same routers again and again. One repetition is no loop: zero-TTL forwarding, NAT and MPLS
/// show an address twice; two full periods are asked for.
/// </summary>
internal sealed class RoutingLoop : IRule
{
    public string Id => "PRB-PATH-005";

    public string Title => "routing loop";

    public IReadOnlyList<string> Needs => ["/traces"];

    public IReadOnlyList<string> Falsifiers =>
        ["the same flow shows the routers in another order on the next run", "the routes of the routers point away from each other"];

    public RuleResult Evaluate(Bundle bundle)
    {
        var findings = new List<Finding>();
        foreach (var (trace, pointer) in bundle.TracesOf())
        {
            var loops = Flows(trace)
                .Select(flow => (Flow: flow, Cycle: FindCycle(AddressesOf(trace, flow))))
                .Where(found => found.Cycle is not null)
                .GroupBy(found => string.Join(' ', found.Cycle!.Routers), StringComparer.Ordinal);
            findings.AddRange(loops.Select(same => Make(trace, pointer, same.First().Cycle!, [.. same.Select(found => found.Flow)])));
        }

        return new RuleResult(findings, []);
    }

    /// <summary>
    /// The shortest cycle in the answers to one flow; null when there is none. Silent TTLs (null) contradict nothing and prove nothing.
    /// </summary>
    internal static Cycle? FindCycle(IReadOnlyList<(int Ttl, string? Address)> path)
    {
        for (var period = 2; period <= path.Count / 2; period++)
        {
            for (var start = 0; start + period < path.Count; start++)
            {
                if (Matches(path, start, period) && CycleAt(path, start, period) is { } cycle)
                {
                    return cycle;
                }
            }
        }

        return null;
    }

    private static Cycle? CycleAt(IReadOnlyList<(int Ttl, string? Address)> path, int start, int period)
    {
        // One router at most for each place in the cycle; the first answer that contradicts ends it.
        var places = new string?[period];
        var last = start;
        for (var t = start; t < path.Count; t++)
        {
            ref var place = ref places[(t - start) % period];
            if (path[t].Address is { } address && !string.Equals(place ??= address, address, StringComparison.Ordinal))
            {
                break;
            }

            last = t - period > last && Matches(path, t - period, period) ? t - period : last;
        }

        var seen = Enumerable.Range(start, last + period - start + 1).Where(i => path[i].Address is not null)
            .Select(i => (path[i].Ttl, Address: path[i].Address!)).ToArray();
        var routers = seen.Select(at => at.Address).Distinct(StringComparer.Ordinal).ToArray();

        // One address at neighbouring TTLs is a NAT or a tunnel that answers for all behind it.
        var turns = routers.Length > 1 || places.Count(place => place is not null) == 1;
        return last > start && last + period - start + 1 >= 2 * period && turns ? new Cycle(period, routers, seen) : null;
    }

    private static bool Matches(IReadOnlyList<(int Ttl, string? Address)> path, int at, int period) =>
        path[at].Address is { } address && string.Equals(address, path[at + period].Address, StringComparison.Ordinal);

    // Without flow ids all answers are taken for one flow's: that is how a trace with one flow may be written.
    private static int[] Flows(TraceEvidence trace)
    {
        var ids = trace.Flows.Select(flow => flow.Id).Distinct().Order().ToArray();
        return ids.Length > 0 ? ids : [1];
    }

    // Only time-exceeded tells that the packet passed here; two routers at one TTL in one flow tell that the path changed meanwhile.
    private static List<(int Ttl, string? Address)> AddressesOf(TraceEvidence trace, int flow)
    {
        var path = new List<(int Ttl, string? Address)>();
        foreach (var hop in trace.Hops)
        {
            while (path.Count > 0 && path[^1].Ttl + 1 < hop.Ttl)
            {
                path.Add((path[^1].Ttl + 1, null));
            }

            var routers = hop.Nodes.Where(node => (node.Flows.Count == 0 || node.Flows.Contains(flow))
                && node.Balancing != NodeBalancing.PerPacket
                && node.Replies.Any(reply => reply.Kind == ReplyKind.TimeExceeded)).ToArray();
            path.Add((hop.Ttl, routers.Length == 1 ? routers[0].Address : null));
        }

        return path;
    }

    private static IEnumerable<int> TtlsOf(Cycle cycle, string router) =>
        cycle.Seen.Where(seen => string.Equals(seen.Address, router, StringComparison.Ordinal)).Select(seen => seen.Ttl);

    private Finding Make(TraceEvidence trace, string pointer, Cycle cycle, int[] flows)
    {
        var (first, last) = (cycle.Seen[0].Ttl, cycle.Seen[^1].Ttl);
        var routers = Prose.Join(" and ", cycle.Routers.Select(Prose.Code));
        var which = flows.Length == 1 ? $"flow {flows[0]}" : $"flows {string.Join(", ", flows)}";
        var end = trace.Reached
            ? "The target answered all the same, so that the loop passed or other packets avoid it."
            : "They go round until their TTL ends, and the target did not answer.";
        return new Finding
        {
            Rule = Id,
            Title = Say($"Routing loop from TTL {first} on: {routers}"),
            Severity = trace.Reached ? Severity.Info : Severity.Outage,
            Confidence = cycle.Routers.Count > 1 ? Confidence.Proved : Confidence.Hint,
            Where = $"TTL {first} to {last}, {StrangerText.Clean(string.Join(" and ", cycle.Routers))}",
            Summary = Say(
                $"Packets of {which:ours} to {trace.Target} pass {routers} every {cycle.Period} hops, from TTL {first} to {last}. "
                    + $"{end:ours}"),
            Evidence =
            [
                .. cycle.Routers.Select(router => new EvidenceItem(
                    $"seen at TTL {string.Join(", ", TtlsOf(cycle, router))}",
                    StrangerText.Clean(router),
                    PointerTo(trace, pointer, router, first))),
                new EvidenceItem("The target answered", trace.Reached ? "yes" : "no", $"{pointer}/reached"),
            ],
            NotBecause = cycle.Routers.Count > 1
                ? ["not one address shown twice by zero-TTL forwarding, NAT or MPLS: the order repeats over two periods or more"]
                : [],
            Fix = [Say($"compare the routes to {trace.Address} on {routers}: one of them points back")],
            Verify = trace.TraceCommand(),

            // Round and round, a TTL is no distance.
            Suppresses = ["PRB-PATH-006"],
        };
    }

    private static string PointerTo(TraceEvidence trace, string pointer, string address, int fromTtl) =>
        trace.NodesOf(pointer)
            .First(at => at.Hop.Ttl >= fromTtl && string.Equals(at.Node.Address, address, StringComparison.Ordinal)).Pointer;

    /// <summary>A cycle: its length in hops, its routers in order, and every answer that shows it.</summary>
    internal sealed record Cycle(int Period, IReadOnlyList<string> Routers, IReadOnlyList<(int Ttl, string Address)> Seen);
}
