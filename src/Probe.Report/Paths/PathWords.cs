using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using Probe.Report.Diagnosis;

namespace Probe.Report.Paths;

/// <summary>
/// What stands in and beside the nodes of a picture: one wording for every format. All of it is harmless text without markup.
/// </summary>
public static class PathWords
{
    private const int LongestName = 40;

    /// <summary>"Path to example.net (203.0.113.9)".</summary>
    public static string Title(TraceEvidence trace) =>
        StrangerText.Clean(trace.Target == trace.Address ? $"Path to {trace.Address}" : $"Path to {trace.Target} ({trace.Address})");

    /// <summary>"UDP port 33434 from 10.0.0.2, 60 octets, 64 flows; reached in 6 hops".</summary>
    public static string How(TraceEvidence trace)
    {
        var port = trace.Port is { } number ? $" port {number}" : "";
        var size = trace.Size is { } octets ? $", {octets} octets" : "";
        var flows = trace.Flows.Count > 0 ? $", {Flows(trace.Flows.Count)}" : "";
        var end = trace.Reached
            ? $"reached in {trace.ReachedTtl} {(trace.ReachedTtl == 1 ? "hop" : "hops")}" : $"not reached ({Word.Of(trace.StopReason)})";
        var complete = trace.Multipath switch
        {
            null => "",
            { Complete: true } found =>
                $"; paths discovered at {found.Confidence.ToString("0.##", System.Globalization.CultureInfo.InvariantCulture)} % per "
                    + $"{Word.Of(found.Scope)}",
            _ => "; path discovery is not complete",
        };
        var via = trace.Via.Count > 0 ? $" via {string.Join(" via ", trace.Via)}" : "";
        return StrangerText.Clean(
            $"{trace.Protocol.ToString().ToUpperInvariant()}{port} from {trace.Source}{via}{size}{flows}; {end}{complete}");
    }

    /// <summary>The lines of a node: its address first, then its name, its AS, its loss and what is special about it.</summary>
    public static IReadOnlyList<string> Lines(TraceEvidence trace, PathNode node)
    {
        switch (node.Kind)
        {
            case PathNodeKind.Source:
                return [StrangerText.Clean(node.Address), "source"];
            case PathNodeKind.Silent:
                var loss = node.Loss > 0 ? $"no answer, {Loss(node.Loss)}" : "no answer";
                return node.LastTtl > node.Ttl ? ["*", loss, $"TTL {node.Ttl} to {node.LastTtl}"]
                    : node.Ends ? ["*", loss, "from here on"]
                    : ["*", loss];
        }

        var lines = new List<string> { StrangerText.Clean(node.Address) };
        if (!string.IsNullOrEmpty(node.Evidence?.Name))
        {
            lines.Add(StrangerText.Clean(node.Evidence.Name, LongestName));
        }

        if (As(node) is { } origin)
        {
            lines.Add(origin);
        }

        lines.Add(string.Join(", ", Figures(node)));
        var marks = Marks(trace, node).ToList();
        if (marks.Count > 0)
        {
            lines.Add(string.Join(", ", marks));
        }

        return lines;
    }

    /// <summary>Everything about a node in one line, for a tooltip or a text alternative.</summary>
    public static string Sentence(TraceEvidence trace, PathNode node)
    {
        if (node.Kind is PathNodeKind.Source or PathNodeKind.Silent)
        {
            return string.Join(", ", Lines(trace, node).Select(line => line is "*" ? $"TTL {node.Ttl}" : line));
        }

        var name = string.IsNullOrEmpty(node.Evidence?.Name) ? "" : $" ({StrangerText.Clean(node.Evidence.Name)})";
        var origin = As(node) is { } system ? $", {system}" : "";
        var counts = node.Evidence is { } seen ? $", {seen.Received} of {Units.Count(seen.Sent)} answered" : "";
        var rest = Figures(node).Concat(Marks(trace, node)).Append(Flows(node.Flows.Count));
        return $"{StrangerText.Clean(node.Address)}{name}, TTL {node.Ttl}{origin}{counts}, {string.Join(", ", rest)}";
    }

    /// <summary>Everything about an edge in one line.</summary>
    public static string Sentence(PathGraph graph, PathEdge edge)
    {
        var how = edge.Proved ? "" : Silence(graph, edge) ? ", one end is silent" : ", not proved by one flow";
        return $"{Name(graph[edge.From])} to {Name(graph[edge.To])}: "
            + $"{Flows(edge.Flows.Count)}{(edge.Loss is null ? "" : ", " + Loss(edge.Loss))}{how}";
    }

    /// <summary>What stands at an edge: its flows where the trace has several, its loss where there is any; else "".</summary>
    public static string EdgeLabel(TraceEvidence trace, PathEdge edge)
    {
        var flows = trace.Flows.Count > 1 ? Flows(edge.Flows.Count) : "";
        return edge.Loss > 0 ? (flows.Length > 0 ? flows + ", " : "") + Loss(edge.Loss) : flows;
    }

    /// <summary>"2.5 % lost", "loss unknown".</summary>
    public static string Loss(double? loss) => loss is null ? "loss unknown" : $"{Units.Percent(loss)} lost";

    /// <summary>"1 flow", "64 flows".</summary>
    public static string Flows(int count) => count == 1 ? "1 flow" : $"{count} flows";

    /// <summary>An end of the edge is silent.</summary>
    public static bool Silence(PathGraph graph, PathEdge edge) =>
        graph[edge.From].Kind == PathNodeKind.Silent || graph[edge.To].Kind == PathNodeKind.Silent;

    private static string Name(PathNode node) =>
        node.Kind == PathNodeKind.Silent ? $"silent at TTL {node.Ttl}" : StrangerText.Clean(node.Address);

    private static string? As(PathNode node) => node.Evidence is { Asn: { } number, AsName: var name }
        ? StrangerText.Clean(string.IsNullOrEmpty(name) ? $"AS{number}" : $"AS{number} {name}", LongestName)
        : null;

    private static IEnumerable<string> Figures(PathNode node)
    {
        yield return Loss(node.Loss);
        if (node.Evidence?.RttNs is { } rtt)
        {
            yield return $"{Units.Milliseconds(rtt.Avg)} ms";
        }
    }

    private static IEnumerable<string> Marks(TraceEvidence trace, PathNode node)
    {
        if (node.Kind == PathNodeKind.Target)
        {
            yield return "target";
        }

        if (node.BalancesPerPacket)
        {
            yield return "balances per packet";
        }

        foreach (var reply in node.Evidence?.Replies ?? [])
        {
            var mark = ReplyMark.Of(reply, node.Address == trace.Address);
            if (mark.Length > 0)
            {
                yield return mark;
            }
        }
    }
}
