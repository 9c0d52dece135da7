using System.Globalization;
using System.Text;
using Probe.Core.Evidence;
using Probe.Report.Paths;

namespace Probe.Report.Charts;

/// <summary>
/// The picture of a path: an SVG in layers of TTL, boxes for addresses, lines for links, colour for loss, and all of it as text as well.
/// A pure function of the trace: same evidence, same bytes. No script, no reference to anything outside, dark where the reader's system is.
/// </summary>
public static class PathPicture
{
    private const int LegendWidth = 128;
    private const int LegendHeight = 20;

    // Advance of DejaVu Sans Mono, the widest of the fonts asked for: 0.602 em, in hundredths of a pixel at 15 and at 12 px.
    private const int HeadingAdvance = 904;
    private const int TextAdvance = 723;

    private static readonly string Style = MakeStyle();

    /// <summary>Draws it.</summary>
    /// <param name="trace">What was seen.</param>
    /// <param name="id">Begins every id in the picture, for pages that hold several; letters, digits and hyphens.</param>
    public static string Render(TraceEvidence trace, string id = "path")
    {
        var graph = PathGraph.Of(trace);
        var labels = Labels(trace, graph);
        var layout = PathLayout.Of(graph, node => PathWords.Lines(trace, node),
            labels.Values.Select(label => label.Text.Length).DefaultIfEmpty().Max());
        var (title, how) = (PathWords.Title(trace), PathWords.How(trace));
        var legend = Legend();
        var texts = (Math.Max(HeadingAdvance * StrangerText.CellWidth(title), TextAdvance * StrangerText.CellWidth(how)) + 99) / 100
            + 2 * PathLayout.Margin;
        var width = Math.Max(Math.Max(layout.Width + PathLayout.Margin, texts), 4 * LegendWidth + 2 * PathLayout.Margin);
        var perRow = Math.Min(legend.Count, (width - 2 * PathLayout.Margin) / LegendWidth);
        var height = layout.Height + PathLayout.Margin + (legend.Count + perRow - 1) / perRow * LegendHeight + PathLayout.Margin;

        var svg = new SvgWriter();
        svg.Open("svg", ("xmlns", "http://www.w3.org/2000/svg"), ("class", "probe-path"), ("width", width), ("height", height),
            ("viewBox", $"0 0 {width} {height}"), ("role", "img"), ("aria-labelledby", $"{id}-title {id}-desc"));
        svg.Text("title", title, ("id", $"{id}-title")).Text("desc", Describe(trace, graph, how), ("id", $"{id}-desc"));
        svg.Text("style", Style);
        svg.Open("defs").Open("pattern", ("id", $"{id}-hatch"), ("width", 6), ("height", 6), ("patternUnits", "userSpaceOnUse"))
            .Leaf("path", ("d", "M-1 7 7 -1M-1 1 1 -1M5 7 7 5"), ("class", "hatch")).Close().Close();
        svg.Leaf("rect", ("class", "ground"), ("width", width), ("height", height));
        svg.Text("text", title, ("class", "heading"), ("x", PathLayout.Margin), ("y", PathLayout.Margin + 14));
        svg.Text("text", how, ("class", "faint"), ("x", PathLayout.Margin), ("y", PathLayout.Margin + 32));
        DrawLayers(svg, graph, layout);
        DrawEdges(svg, trace, graph, layout, labels);
        foreach (var node in graph.Nodes)
        {
            DrawNode(svg, trace, node, layout[node], id);
        }

        for (var i = 0; i < legend.Count; i++)
        {
            var (x, y) = (PathLayout.Margin + i % perRow * LegendWidth, layout.Height + PathLayout.Margin + i / perRow * LegendHeight);
            DrawSwatch(svg, legend[i].Class, x, y, id);
            svg.Text("text", legend[i].Meaning, ("class", "faint"), ("x", x + 26), ("y", y + 11));
        }

        return svg.Close().ToString();
    }

    private static void DrawLayers(SvgWriter svg, PathGraph graph, PathLayout layout)
    {
        for (var i = 0; i < graph.Layers.Count; i++)
        {
            var (x, y, stripe) = layout.Headings[i];
            svg.Leaf("rect", ("class", i % 2 == 0 ? "stripe" : "stripe odd"), ("x", stripe.X), ("y", stripe.Y), ("width", stripe.Width),
                ("height", stripe.Height));
            svg.Text("text", i == 0 ? "start" : $"TTL {graph.Layers[i][0].Ttl}", ("class", "faint"), ("x", x), ("y", y));
        }
    }

    // A label stands at the end that only this edge has; where both ends have several, only loss is worth the clutter.
    private static Dictionary<PathEdge, (string Text, int Sixths)> Labels(TraceEvidence trace, PathGraph graph)
    {
        var (outwards, inwards) =
            (graph.Edges.CountBy(edge => edge.From).ToDictionary(), graph.Edges.CountBy(edge => edge.To).ToDictionary());
        var labels = new Dictionary<PathEdge, (string, int)>(ReferenceEqualityComparer.Instance);
        foreach (var edge in graph.Edges)
        {
            var (alone, single, lossy) = (outwards[edge.From] == 1, inwards[edge.To] == 1, edge.Loss > 0);
            if (lossy || (trace.Flows.Count > 1 && (alone || single)))
            {
                labels.Add(edge, (PathWords.EdgeLabel(trace, edge), alone == single ? 3 : single ? 4 : 2));
            }
        }

        return labels;
    }

    private static void DrawEdges(SvgWriter svg, TraceEvidence trace, PathGraph graph, PathLayout layout,
        Dictionary<PathEdge, (string Text, int Sixths)> labels)
    {
        var texts = new List<(string Text, int X, int Y)>();
        foreach (var edge in graph.Edges)
        {
            var (from, to) = (layout[graph[edge.From]], layout[graph[edge.To]]);
            var (x1, y1, x2, y2) = layout.Down
                ? (from.CenterX, from.Y + from.Height, to.CenterX, to.Y)
                : (from.X + from.Width, from.CenterY, to.X, to.CenterY);
            var (mx, my) = ((x1 + x2) / 2, (y1 + y2) / 2);
            var curve = layout.Down ? $"M{x1} {y1}C{x1} {my} {x2} {my} {x2} {y2}" : $"M{x1} {y1}C{mx} {y1} {mx} {y2} {x2} {y2}";
            var kind = edge.Proved ? "" : PathWords.Silence(graph, edge) ? " silent" : " unproved";
            svg.Open("g", ("class", $"edge loss{LossScale.StepOf(edge.Loss)}{kind}"))
                .Text("title", PathWords.Sentence(graph, edge))
                .Leaf("path", ("d", curve),
                    ("stroke-width", Tenths(trace.Flows.Count <= 1 ? 20 : 14 + 30 * edge.Flows.Count / trace.Flows.Count)))
                .Close();
            if (labels.TryGetValue(edge, out var label))
            {
                var (x, y) = layout.OnCurve(x1, y1, x2, y2, label.Sixths);
                texts.Add((label.Text, x, y + 4));
            }
        }

        // Over all lines, so that none runs through a number.
        foreach (var (text, x, y) in texts)
        {
            svg.Text("text", text, ("class", "label"), ("x", x), ("y", y));
        }
    }

    private static void DrawNode(SvgWriter svg, TraceEvidence trace, PathNode node, Box box, string id)
    {
        var kind = node.Kind switch
        {
            PathNodeKind.Source => "node source",
            PathNodeKind.Target => $"node target loss{LossScale.StepOf(node.Loss)}",
            PathNodeKind.Silent => $"node silent loss{LossScale.StepOf(node.Loss)}",
            _ => $"node loss{LossScale.StepOf(node.Loss)}",
        };
        svg.Open("g", ("class", kind + (node.BalancesPerPacket ? " perpacket" : ""))).Text("title", PathWords.Sentence(trace, node));
        if (node.Kind == PathNodeKind.Target)
        {
            svg.Leaf("rect", ("class", "frame"), ("x", box.X - 4), ("y", box.Y - 4), ("width", box.Width + 8), ("height", box.Height + 8),
                ("rx", 8));
        }

        DrawBox(svg, box, node.Loss is null && node.Evidence is not null, id);
        var lines = PathWords.Lines(trace, node);
        var y = box.Y + (box.Height - lines.Count * PathLayout.LineHeight) / 2 + 12;
        for (var i = 0; i < lines.Count; i++)
        {
            svg.Text("text", lines[i], ("class", i == 0 ? "address" : "detail"), ("x", box.CenterX), ("y", y + i * PathLayout.LineHeight));
        }

        svg.Close();
    }

    private static void DrawBox(SvgWriter svg, Box box, bool hatched, string id)
    {
        svg.Leaf("rect", ("class", "box"), ("x", box.X), ("y", box.Y), ("width", box.Width), ("height", box.Height), ("rx", 5));
        if (hatched)
        {
            svg.Leaf("rect", ("fill", $"url(#{id}-hatch)"), ("x", box.X), ("y", box.Y), ("width", box.Width), ("height", box.Height),
                ("rx", 5));
        }
    }

    private static List<(string Class, string Meaning)> Legend() =>
    [
        .. LossScale.Meanings.Select((meaning, step) => ($"node loss{step}", meaning)),
        ("node silent loss6", "no answer"), ("node target loss0", "target"), ("node perpacket loss0", "per packet"),
        ("edge unproved loss6", "link unproved"),
    ];

    private static void DrawSwatch(SvgWriter svg, string kind, int x, int y, string id)
    {
        svg.Open("g", ("class", kind));
        if (kind.StartsWith("edge", StringComparison.Ordinal))
        {
            svg.Leaf("path", ("d", $"M{x} {y + 7}h20"), ("stroke-width", 2));
        }
        else
        {
            if (kind.Contains("target", StringComparison.Ordinal))
            {
                svg.Leaf("rect", ("class", "frame"), ("x", x - 3), ("y", y - 3), ("width", 26), ("height", 20), ("rx", 5));
            }

            DrawBox(svg, new Box(x, y, 20, 14), kind is "node loss6", id);
        }

        svg.Close();
    }

    private static string Describe(TraceEvidence trace, PathGraph graph, string how)
    {
        var text = new StringBuilder(how)
            .Append(". An address at two TTLs is drawn twice; each silent hop is drawn once behind each predecessor.");
        foreach (var node in graph.Nodes)
        {
            text.Append(' ').Append(PathWords.Sentence(trace, node)).Append('.');
        }

        foreach (var edge in graph.Edges.Where(edge => edge.Loss > 0 || !edge.Proved))
        {
            text.Append(' ').Append(PathWords.Sentence(graph, edge)).Append('.');
        }

        return text.ToString();
    }

    private static string Tenths(int tenths) => string.Create(CultureInfo.InvariantCulture, $"{tenths / 10}.{tenths % 10}");

    private static string MakeStyle()
    {
        // Plain properties, no variables: librsvg and older viewers know none.
        var css = new StringBuilder("""

            .probe-path text{font:12px ui-monospace,DejaVu Sans Mono,Liberation Mono,Menlo,Consolas,monospace;fill:#24292f}
            .probe-path .heading{font-size:15px;font-weight:bold}
            .probe-path .node text{text-anchor:middle}
            .probe-path .address{font-weight:bold}
            .probe-path .label{text-anchor:middle;font-size:11px;paint-order:stroke;stroke-width:4px;stroke-linejoin:round}
            .probe-path .frame{fill:none;stroke-width:2px}
            .probe-path .box{stroke-width:1.5px}
            .probe-path .silent .box,.probe-path .silent path{stroke-dasharray:6 4}
            .probe-path .perpacket .box{stroke-width:4px;stroke-dasharray:2 2}
            .probe-path .edge path{fill:none}
            .probe-path .unproved path{stroke-dasharray:1 5;stroke-linecap:round}
            .probe-path .hatch{fill:none;stroke-width:1px}

            """);
        Ground(css, "", "#ffffff", "#f6f8fa", "#ffffff", "#24292f", "#57606a", "#c6cbd1");
        Steps(css, "", LossScale.Light);
        css.Append("@media (prefers-color-scheme:dark){\n");
        Ground(css, "  ", "#0d1117", "#12171f", "#0d1117", "#e6edf3", "#9aa4b0", "#3a424c");
        Steps(css, "  ", LossScale.Dark);
        return css.Append("}\n").ToString();
    }

    private static void Ground(StringBuilder css, string indent, string ground, string stripe, string odd, string text, string faint,
        string hatch) =>
        css.Append(indent).Append(".probe-path .ground{fill:").Append(ground).Append("}\n")
            .Append(indent).Append(".probe-path .stripe{fill:").Append(stripe).Append("}\n")
            .Append(indent).Append(".probe-path .odd{fill:").Append(odd).Append("}\n")
            .Append(indent).Append(".probe-path text,.probe-path .source text{fill:").Append(text).Append("}\n")
            .Append(indent).Append(".probe-path .faint{fill:").Append(faint).Append("}\n")
            .Append(indent).Append(".probe-path .label{fill:").Append(text).Append(";stroke:").Append(ground).Append("}\n")
            .Append(indent).Append(".probe-path .source .box{fill:").Append(ground).Append(";stroke:").Append(text).Append("}\n")
            .Append(indent).Append(".probe-path .hatch{stroke:").Append(hatch).Append("}\n");

    private static void Steps(StringBuilder css, string indent, IReadOnlyList<(string Fill, string Line, string Text)> steps)
    {
        for (var i = 0; i < steps.Count; i++)
        {
            var (fill, line, text) = steps[i];
            css.Append(indent).Append(".probe-path .loss").Append(i).Append(" .box{fill:").Append(fill).Append(";stroke:").Append(line)
                .Append("}\n")
                .Append(indent).Append(".probe-path .loss").Append(i).Append(" .frame,.probe-path .loss").Append(i).Append(" path{stroke:")
                .Append(line).Append("}\n")
                .Append(indent).Append(".probe-path .loss").Append(i).Append(" text{fill:").Append(text).Append("}\n");
        }
    }
}
