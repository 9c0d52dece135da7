using Probe.Core.Evidence;
using Probe.Report.Charts;
using Probe.Report.Paths;

namespace Probe.Cli.Trace;

/// <summary>The path as a graph for Graphviz: <c>probe trace --dot HOST | dot -Tpdf</c>.</summary>
internal static class TraceDot
{
    private const string Font = "fontname=\"monospace\", fontsize=10";

    public static void Write(TraceEvidence trace, TextWriter writer)
    {
        var graph = PathGraph.Of(trace);
        writer.WriteLine("digraph path {");
        writer.WriteLine(
            $"  graph [rankdir=LR, labelloc=t, ranksep=1, {Font}, label={Quoted([PathWords.Title(trace), PathWords.How(trace)])}];");
        writer.WriteLine($"  node [shape=box, {Font}];");
        writer.WriteLine($"  edge [{Font}];");
        foreach (var layer in graph.Layers)
        {
            foreach (var node in layer)
            {
                writer.WriteLine($"  n{node.Id} [{Node(trace, node)}];");
            }

            writer.WriteLine($"  {{ rank=same; {string.Join("; ", layer.Select(node => $"n{node.Id}"))} }}");
        }

        foreach (var edge in graph.Edges)
        {
            writer.WriteLine($"  n{edge.From} -> n{edge.To} [{Edge(trace, graph, edge)}];");
        }

        writer.WriteLine("}");
    }

    private static string Node(TraceEvidence trace, PathNode node)
    {
        var (fill, line, text) = LossScale.Light[LossScale.StepOf(node.Kind == PathNodeKind.Source ? null : node.Loss)];
        var style = node.Kind == PathNodeKind.Silent ? "filled,rounded,dashed"
            : node.BalancesPerPacket ? "filled,rounded,dotted"
            : "filled,rounded";
        return $"label={Quoted(PathWords.Lines(trace, node))}, tooltip={Quoted([PathWords.Sentence(trace, node)])}, style=\"{style}\", "
            + $"fillcolor=\"{fill}\", color=\"{line}\", fontcolor=\"{text}\"{(node.Kind == PathNodeKind.Target ? ", peripheries=2" : "")}";
    }

    private static string Edge(TraceEvidence trace, PathGraph graph, PathEdge edge)
    {
        var style = edge.Proved ? "solid" : PathWords.Silence(graph, edge) ? "dashed" : "dotted";
        var label = PathWords.EdgeLabel(trace, edge);
        return $"{(label.Length > 0 ? $"label={Quoted([label])}, " : "")}tooltip={Quoted([PathWords.Sentence(graph, edge)])}, "
            + $"style={style}, color=\"{LossScale.Light[LossScale.StepOf(edge.Loss)].Line}\"";
    }

    // Within quotes Graphviz reads backslashes (\n, \N, \") and, unlike its grammar says, HTML entities.
    private static string Quoted(IEnumerable<string> lines) =>
        "\"" + string.Join("\\n", lines.Select(line => line.Replace("\\", "\\\\", StringComparison.Ordinal)
            .Replace("\"", "\\\"", StringComparison.Ordinal).Replace("&", "&amp;", StringComparison.Ordinal))) + "\"";
}
