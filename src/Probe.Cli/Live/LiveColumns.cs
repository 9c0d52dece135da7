using System.Globalization;
using System.Text;
using Probe.Cli.Output;
using Probe.Core.Evidence;
using Probe.Core.Vocabulary;

namespace Probe.Cli.Live;

/// <summary>One row of the table: an address that answered at a TTL, or a hop that never did.</summary>
/// <param name="Trace">The trace.</param>
/// <param name="Hop">The hop.</param>
/// <param name="Node">The address; null for a silent hop.</param>
/// <param name="LastTtl">The last of several silent hops that share the row; else the hop's own.</param>
internal sealed record LiveRow(TraceEvidence Trace, HopEvidence Hop, NodeEvidence? Node, int LastTtl)
{
    /// <summary>The first row of its hop.</summary>
    public bool IsFirst => Node is null || ReferenceEquals(Node, Hop.Nodes[0]);

    /// <summary>The only row of its hop.</summary>
    public bool IsAlone => Hop.Nodes.Count <= 1;
}

/// <summary>A column of the table.</summary>
/// <param name="Header">Heading.</param>
/// <param name="Width">Cells it takes at least, so that it does not jump about with every frame.</param>
/// <param name="Weight">The least of them goes first where the screen is narrow; up to <see cref="LightWeight"/> also to make room for
/// bars.</param>
/// <param name="Align">Where its cells stand.</param>
/// <param name="Of">Its cell in a row.</param>
internal sealed record LiveColumn(string Header, int Width, int Weight, Align Align, Func<LiveRow, Cell> Of)
{
    /// <summary>A column of at most this weight tells less than the bars.</summary>
    public const int LightWeight = 5;
}

/// <summary>The columns, in sets that a key walks through.</summary>
internal static class LiveColumns
{
    private const int LongestRanges = 24;

    private static readonly LiveColumn Loss = new("Loss", 6, 10, Align.Right, row =>
        row.IsAlone ? TraceCells.LossCell(row.Hop) : TraceCells.Percent(row.Node!.Loss));

    private static readonly LiveColumn Sent = new("Sent", 5, 8, Align.Right, row =>
        (row.IsAlone ? row.Hop.Sent : row.Node!.Sent)?.ToString(CultureInfo.InvariantCulture) ?? "?");

    private static readonly LiveColumn Recv = new("Recv", 5, 3, Align.Right, row =>
        (row.Node?.Received ?? row.Hop.Received).ToString(CultureInfo.InvariantCulture));

    private static readonly LiveColumn Last = Time("Last", 7, rtt => rtt.Last);
    private static readonly LiveColumn Avg = Time("Avg", 9, rtt => rtt.Avg);
    private static readonly LiveColumn Best = Time("Best", 6, rtt => rtt.Min);
    private static readonly LiveColumn Worst = Time("Worst", 5, rtt => rtt.Max);
    private static readonly LiveColumn StDev = Time("StDev", 2, rtt => rtt.Stddev);
    private static readonly LiveColumn Jitter = Time("Jitter", 6, rtt => rtt.Jitter);
    private static readonly LiveColumn Median = Time("P50", 9, rtt => rtt.P50);
    private static readonly LiveColumn P99 = Time("P99", 8, rtt => rtt.P99);
    private static readonly LiveColumn Flows = new("Flows", 5, 7, Align.Left, row => row.Node is not { } node ? ""
        : Ranges(node.Flows) is { Length: <= LongestRanges } ranges ? ranges : $"{node.Flows.Count} flows");
    private static readonly LiveColumn Balancing = new("Balancing", 11, 6, Align.Left, row => Word.Of(row.Node?.Balancing) ?? "");

    private static readonly LiveColumn Replies = new("Replies", 7, 7, Align.Left, row =>
        row.Node is { } node ? string.Join(", ", node.Replies.Select(reply => $"{Word.Of(reply.Kind)} {reply.Count}")) : "");

    private static readonly LiveColumn Systems = new("AS", 7, 6, Align.Left, row =>
        StrangerText.ForTerminal(TraceCells.As(row.Node, systems: true)[0].Text));

    private static readonly LiveColumn ReplyTtl =
        new("TTL", 3, 1, Align.Right, row => row.Node?.ReplyTtl?.ToString(CultureInfo.InvariantCulture));

    /// <summary>The sets, the first one to begin with.</summary>
    public static IReadOnlyList<IReadOnlyList<LiveColumn>> Sets { get; } =
    [
        [Loss, Sent, Recv, Last, Avg, Best, Worst, StDev],
        [Loss, Sent, Recv, Last, Median, P99, Jitter, StDev],
        [Loss, Sent, Recv, Avg, Flows, Balancing],
        [Loss, Sent, Recv, Last, ReplyTtl, Replies],
    ];

    /// <summary>The columns to show: the set, and AS numbers before it where the user asked for them.</summary>
    public static IEnumerable<LiveColumn> Of(ViewState state) =>
        state.Systems ? Sets[state.ColumnSet].Prepend(Systems) : Sets[state.ColumnSet];

    /// <summary>Numbers as ranges: <c>1-3,7</c>.</summary>
    internal static string Ranges(IReadOnlyList<int> numbers)
    {
        var text = new StringBuilder();
        var sorted = numbers.Order().ToList();
        for (var i = 0; i < sorted.Count;)
        {
            var end = i;
            while (end + 1 < sorted.Count && sorted[end + 1] == sorted[end] + 1)
            {
                end++;
            }

            text.Append(text.Length > 0 ? "," : "").Append(sorted[i]).Append(end > i ? $"-{sorted[end]}" : "");
            i = end + 1;
        }

        return text.ToString();
    }

    private static LiveColumn Time(string header, int weight, Func<RttEvidence, long> of) =>
        new(header, 6, weight, Align.Right,
            row => row.Node is { } node ? Durations.Milliseconds(node.RttNs is { } rtt ? of(rtt) : null) : "");
}
