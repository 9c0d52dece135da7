using Probe.Core.Evidence;
using Probe.Report.Paths;

namespace Probe.Report.Charts;

/// <summary>A box of the picture, in whole pixels.</summary>
internal readonly record struct Box(int X, int Y, int Width, int Height)
{
    public int CenterX => X + Width / 2;

    public int CenterY => Y + Height / 2;
}

/// <summary>
/// Where everything stands. A narrow path runs downwards like a traceroute's table; a wide one runs to the right, one column per TTL,
/// so that 64 addresses stand under each other and can still be read.
/// </summary>
internal sealed class PathLayout
{
    public const int LineHeight = 15;
    public const int Margin = 16;
    private const int CharWidth = 8; // a little above the advance of 12 px monospace fonts
    private const int LabelCharWidth = 7;
    private const int Padding = 8;
    private const int HeadingHeight = 48;
    private const int WidestDownwards = 960;
    private const int Between = 12;
    private const int TtlWidth = 56;
    private const int TtlHeight = 24;

    private readonly Box[] _boxes;

    private PathLayout(Box[] boxes, bool down) => (_boxes, Down) = (boxes, down);

    /// <summary>TTL grows downwards; otherwise to the right.</summary>
    public bool Down { get; }

    /// <summary>Where the name of each layer stands, and the stripe behind the layer.</summary>
    public required IReadOnlyList<(int X, int Y, Box Stripe)> Headings { get; init; }

    /// <summary>Right end of the graph.</summary>
    public required int Width { get; init; }

    /// <summary>Lower end of the graph.</summary>
    public required int Height { get; init; }

    /// <summary>The box of a node.</summary>
    public Box this[PathNode node] => _boxes[node.Id];

    /// <summary>Lays out a graph.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="lines">The lines of text in a node.</param>
    /// <param name="longestLabel">Cells of the longest text at an edge.</param>
    public static PathLayout Of(PathGraph graph, Func<PathNode, IReadOnlyList<string>> lines, int longestLabel)
    {
        var order = PathOrder.Of(graph);
        var sizes = new (int Width, int Height)[graph.Nodes.Count + 1];
        foreach (var node in graph.Nodes)
        {
            var text = lines(node);
            sizes[node.Id] = (Padding * 2 + CharWidth * text.Max(StrangerText.CellWidth), Padding + LineHeight * text.Count);
        }

        var largest = (Width: sizes.Max(size => size.Width), Height: sizes.Max(size => size.Height));
        return Extent(order.Max(layer => layer.Count), largest.Width) <= WidestDownwards
            ? Downwards(graph, order, largest)
            : Rightwards(graph, order, sizes, LabelCharWidth * longestLabel);
    }

    /// <summary>Where a curve between two points is after one or two thirds of its parameter, or half: its label stands there.</summary>
    public (int X, int Y) OnCurve(int x1, int y1, int x2, int y2, int sixths)
    {
        // Control points lie half way along the path, so along it t maps to 1.5 t (1-t) + t³, across it to 3 t² - 2 t³; in 27ths.
        var (along, across) = sixths switch { 2 => (10, 7), 4 => (17, 20), _ => (13, 13) };
        return Down
            ? (x1 + (x2 - x1) * across / 27, y1 + (y2 - y1) * along / 27) : (x1 + (x2 - x1) * along / 27, y1 + (y2 - y1) * across / 27);
    }

    private static PathLayout Downwards(PathGraph graph, IReadOnlyList<IReadOnlyList<int>> order, (int Width, int Height) size)
    {
        var boxes = new Box[graph.Nodes.Count + 1];
        var headings = new List<(int, int, Box)>();
        var inner = Extent(order.Max(layer => layer.Count), size.Width);
        var y = Margin + HeadingHeight;
        var right = Margin + TtlWidth + inner;
        for (var i = 0; i < order.Count; i++)
        {
            var x = Margin + TtlWidth + (inner - Extent(order[i].Count, size.Width)) / 2;
            foreach (var id in order[i])
            {
                boxes[id] = new Box(x, y, size.Width, size.Height);
                x += size.Width + Between;
            }

            headings.Add((Margin + 4, y + size.Height / 2 + 4, new Box(Margin, y - 8, right + 8 - Margin, size.Height + 16)));
            y += size.Height + (i + 1 < order.Count ? Gap(order[i].Count, order[i + 1].Count) : 0);
        }

        return new PathLayout(boxes, down: true) { Headings = headings, Width = right + 8, Height = y + 8 };
    }

    private static PathLayout Rightwards(PathGraph graph, IReadOnlyList<IReadOnlyList<int>> order, (int Width, int Height)[] sizes,
        int label)
    {
        var boxes = new Box[graph.Nodes.Count + 1];
        var headings = new List<(int, int, Box)>();
        var heights = order.Select(layer => layer.Max(id => sizes[id].Height)).ToList();
        var inner = order.Select((layer, i) => Extent(layer.Count, heights[i])).Max();
        var (x, top) = (Margin + 8, Margin + HeadingHeight + TtlHeight);
        for (var i = 0; i < order.Count; i++)
        {
            var width = order[i].Max(id => sizes[id].Width);
            var y = top + (inner - Extent(order[i].Count, heights[i])) / 2;
            foreach (var id in order[i])
            {
                boxes[id] = new Box(x, y, width, heights[i]);
                y += heights[i] + Between;
            }

            headings.Add((x, top - 12, new Box(x - 8, top - TtlHeight - 4, width + 16, inner + TtlHeight + 12)));

            // A label two thirds along needs its half width before the next box.
            x += width + (i + 1 < order.Count ? Math.Max(2 * Gap(order[i].Count, order[i + 1].Count), label * 7 / 5 + 16) : 0);
        }

        return new PathLayout(boxes, down: false) { Headings = headings, Width = x + 8, Height = top + inner + 8 };
    }

    private static int Extent(int count, int size) => count * (size + Between) - Between;

    // Many edges side by side need room to turn.
    private static int Gap(int near, int far) => 44 + Math.Min(40, 2 * (Math.Max(near, far) - 1));
}
