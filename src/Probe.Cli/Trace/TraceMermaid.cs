using System.Text;
using Probe.Core.Evidence;
using Probe.Report.Charts;
using Probe.Report.Paths;

namespace Probe.Cli.Trace;

/// <summary>
/// The path as a Mermaid flowchart, for tickets and READMEs that draw those. They take few links, so the widest hops become one node each
/// until no more than <see cref="MostLinks"/> are left; the node says how many it stands for, and a comment says so too.
/// </summary>
internal static class TraceMermaid
{
    /// <summary>Links drawn at most.</summary>
    public const int MostLinks = 60;

    public static void Write(TraceEvidence trace, TextWriter writer)
    {
        var graph = PathGraph.Of(trace);
        var merged = Merge(graph);
        writer.WriteLine("flowchart LR");
        writer.WriteLine($"  %% {Encoded(PathWords.Title(trace))}");
        writer.WriteLine($"  %% {Encoded(PathWords.How(trace))}");
        foreach (var layer in merged)
        {
            writer.WriteLine(
                $"  %% TTL {layer[0].Ttl}: {layer.Count} nodes are drawn as one, "
                    + $"because more than {MostLinks} links are not drawn everywhere; --svg and --dot have them all");
        }

        var edges = Links(graph, merged).ToList();
        if (edges.Count > MostLinks)
        {
            writer.WriteLine($"  %% {edges.Count} links, more than the {MostLinks} that are drawn everywhere");
        }

        var classes = new SortedDictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (var layer in graph.Layers)
        {
            if (merged.Contains(layer))
            {
                writer.WriteLine($"  {Name(layer[0])}[[\"{Group(layer)}\"]]");
                Classify(classes, layer[0], layer.Max(node => node.Loss),
                    layer.Any(node => node.Kind == PathNodeKind.Target) ? "target" : null);
                continue;
            }

            foreach (var node in layer)
            {
                writer.WriteLine($"  {Name(node)}[\"{string.Join("<br/>", PathWords.Lines(trace, node).Select(Encoded))}\"]");
                Classify(classes, node, node.Loss, node.Kind switch
                {
                    PathNodeKind.Silent => "silent",
                    PathNodeKind.Target => "target",
                    _ => node.BalancesPerPacket ? "perpacket" : null,
                });
            }
        }

        foreach (var (from, to, edge) in edges)
        {
            var label = PathWords.EdgeLabel(trace, edge);
            writer.WriteLine($"  n{from} {(edge.Proved ? "-->" : "-.->")}{(label.Length > 0 ? $"|\"{Encoded(label)}\"|" : "")} n{to}");
        }

        WriteClasses(classes, writer);
    }

    /// <summary>The layers to draw as one node each: the widest first, of equals the nearest.</summary>
    private static List<IReadOnlyList<PathNode>> Merge(PathGraph graph)
    {
        var merged = new List<IReadOnlyList<PathNode>>();
        foreach (var layer in graph.Layers.Where(layer => layer.Count > 1).OrderByDescending(layer => layer.Count))
        {
            if (Links(graph, merged).Count() <= MostLinks)
            {
                break;
            }

            merged.Add(layer);
        }

        return [.. merged.OrderBy(layer => layer[0].Ttl)];
    }

    private static IEnumerable<(int From, int To, PathEdge Edge)> Links(PathGraph graph, List<IReadOnlyList<PathNode>> merged)
    {
        var drawnAs = graph.Nodes.ToDictionary(node => node.Id, node => merged.Find(layer => layer[0].Ttl == node.Ttl)?[0].Id ?? node.Id);
        return graph.Edges.GroupBy(edge => (From: drawnAs[edge.From], To: drawnAs[edge.To])).OrderBy(link => link.Key)
            .Select(link => (link.Key.From, link.Key.To, link.Count() == 1 ? link.First() : new PathEdge
            {
                From = link.Key.From, To = link.Key.To, Flows = [.. link.SelectMany(edge => edge.Flows).Distinct().Order()],
                Proved = link.All(edge => edge.Proved), Loss = link.Max(edge => edge.Loss) is > 0 ? null : 0,
            }));
    }

    private static string Group(IReadOnlyList<PathNode> layer)
    {
        var silent = layer.Count(node => node.Kind == PathNodeKind.Silent);
        var lost = layer.Count(node => node.Loss > 0);
        string[] lines =
        [
            $"TTL {layer[0].Ttl}", $"{layer.Count - silent} addresses", .. silent > 0 ? [$"{silent} silent"] : Array.Empty<string>(),
            .. lost > 0 ? [$"{lost} with loss, up to {PathWords.Loss(layer.Max(node => node.Loss))}"] : Array.Empty<string>(),
        ];
        return string.Join("<br/>", lines.Select(Encoded));
    }

    private static string Name(PathNode node) => $"n{node.Id}";

    private static void Classify(SortedDictionary<string, List<string>> classes, PathNode node, double? loss, string? kind)
    {
        Add(node.Kind == PathNodeKind.Source ? "source" : $"loss{LossScale.StepOf(loss)}");
        if (kind is not null)
        {
            Add(kind);
        }

        void Add(string name)
        {
            if (!classes.TryGetValue(name, out var members))
            {
                classes.Add(name, members = []);
            }

            members.Add(Name(node));
        }
    }

    private static void WriteClasses(SortedDictionary<string, List<string>> classes, TextWriter writer)
    {
        foreach (var (name, members) in classes)
        {
            var look = name switch
            {
                "silent" => "stroke-dasharray:6 4",
                "perpacket" => "stroke-dasharray:2 2,stroke-width:4px",
                "target" => "stroke-width:4px",
                "source" => "font-weight:bold",
                _ => Look(LossScale.Light[name[^1] - '0']),
            };
            writer.WriteLine($"  classDef {name} {look}");
            writer.WriteLine($"  class {string.Join(',', members)} {name}");
        }

        static string Look((string Fill, string Line, string Text) colours) =>
            $"fill:{colours.Fill},stroke:{colours.Line},color:{colours.Text}";
    }

    /// <summary>
    /// Everything but plain words as Mermaid's own character codes: labels are Markdown or HTML depending on who draws, and <c>%%{</c> is a
    /// directive wherever it stands.
    /// </summary>
    private static string Encoded(string text)
    {
        var result = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            _ = rune.IsAscii
                && (char.IsAsciiLetterOrDigit((char)rune.Value)
                || rune.Value is ' ' or '.' or ',' or ':' or '-' or '/' or '_' or '(' or ')' or '%')
                ? result.Append((char)rune.Value)
                : result.Append('#').Append(rune.Value).Append(';');
        }

        return result.Replace("--", "-#45;").Replace("%%", "%#37;").ToString();
    }
}
