using Probe.Cli.Live;
using Probe.Cli.Output;
using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Core.Tracing;

namespace Probe.Cli.Tests.Live;

/// <summary>The screen as a pure function: what stands where, at every size.</summary>
public class LivePageTests
{
    [Theory]
    [InlineData("wide", 132, 18)]
    [InlineData("usual", 80, 24)]
    [InlineData("narrow", 60, 12)]
    [InlineData("tiny", 36, 5)]
    public void The_screen_is_as_reviewed(string name, int columns, int rows) =>
        Golden.Check($"tests/Probe.Cli.Tests/Live/Golden/{name}.txt", Draw(new ViewState(), columns, rows) + "\n");

    [Fact]
    public void Each_set_of_columns_has_its_own()
    {
        Assert.Equal(4, LiveColumns.Sets.Count);
        Assert.Contains("Last     Avg    Best   Worst   StDev", Draw(new ViewState(), 132, 18), StringComparison.Ordinal);
        Assert.Contains("Last     P50     P99  Jitter   StDev", Draw(new ViewState { ColumnSet = 1 }, 132, 18), StringComparison.Ordinal);
        Assert.Matches(@"Flows +Balancing", Draw(new ViewState { ColumnSet = 2 }, 132, 18));
        Assert.Matches(@"TTL +Replies", Draw(new ViewState { ColumnSet = 3 }, 132, 18));
    }

    [Fact]
    public void Names_go_and_come()
    {
        Assert.Contains("gw.example (10.0.0.1)", Draw(new ViewState(), 132, 18), StringComparison.Ordinal);
        var without = Draw(new ViewState { Names = false }, 132, 18);
        Assert.DoesNotContain("gw.example", without, StringComparison.Ordinal);
        Assert.Contains("10.0.0.1", without, StringComparison.Ordinal);
    }

    [Fact]
    public void Addresses_of_one_hop_stand_under_each_other_each_with_its_own_times()
    {
        var lines = Draw(new ViewState(), 132, 18).Split('\n');
        var first = Array.FindIndex(lines, line => line.Contains("10.0.1.2", StringComparison.Ordinal));
        Assert.StartsWith("  2  ", lines[first], StringComparison.Ordinal);
        Assert.StartsWith("     日本", lines[first + 1], StringComparison.Ordinal);
        Assert.Contains("▁▁█▁▁", lines[first], StringComparison.Ordinal);
        Assert.Contains("▁▁▁▁█·", lines[first + 1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_screen_too_low_scrolls_and_never_past_its_end()
    {
        var top = LivePage.Render(LiveSamples.Middle(), new ViewState { Top = -5 }, new ScreenSize(8, 100), Palette.None);
        Assert.Equal(0, top.State.Top);
        Assert.Contains("1-3 of 6 rows", top.Lines[^1].Text, StringComparison.Ordinal);
        Assert.StartsWith("  1  ", top.Lines[3].Text, StringComparison.Ordinal);

        var end = LivePage.Render(LiveSamples.Middle(), new ViewState { Top = int.MaxValue }, new ScreenSize(8, 100), Palette.None);
        Assert.Equal(3, end.State.Top);
        Assert.Contains("203.0.113.9", end.Lines[5].Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Pause_flow_notice_and_help_are_seen()
    {
        var paused = LiveSamples.Middle().With(run => run with { Paused = true, OnlyFlow = 2 }) with { Notice = "why not" };
        var screen = Draw(new ViewState(), 132, 18, paused);
        Assert.Contains("PAUSED", screen, StringComparison.Ordinal);
        Assert.Contains("only flow 2 of 2 (source port 40002)", screen, StringComparison.Ordinal);
        Assert.EndsWith("why not", screen, StringComparison.Ordinal);

        var help = Draw(new ViewState { Help = true }, 80, 24);
        Assert.All(LiveHelp.Lines, line => Assert.Contains(line, help, StringComparison.Ordinal));
        Assert.DoesNotContain("gw.example", help, StringComparison.Ordinal);
        Assert.All(LiveHelp.Lines, line => Assert.InRange(StrangerText.CellWidth(line), 0, 78));
    }

    [Fact]
    public void A_search_is_no_verdict_yet()
    {
        var begun = LiveSamples.Middle().With(run => run with { Cycles = 1, Trace = run.Trace with { Reached = false, ReachedTtl = null, Hops = [] } });
        var screen = Draw(new ViewState(), 80, 20, begun);
        Assert.Contains("Searching", screen, StringComparison.Ordinal);
        Assert.DoesNotContain("Not reached", screen, StringComparison.Ordinal);
        Assert.Contains("Not reached", Draw(new ViewState(), 80, 20, begun.With(run => run with { Cycles = 2 })), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_size_gives_exactly_its_lines_and_none_too_wide()
    {
        var snapshot = LiveSamples.Middle();
        for (var rows = 1; rows <= 30; rows++)
        {
            for (var columns = 1; columns <= 170; columns += columns < 60 ? 1 : 7)
            {
                var state = new ViewState { ColumnSet = (rows + columns) % LiveColumns.Sets.Count, Top = rows % 4, Help = columns % 5 == 0 };
                var frame = LivePage.Render(snapshot, state, new ScreenSize(rows, columns), Palette.None);
                Assert.Equal(rows, frame.Lines.Count);
                foreach (var line in frame.Lines)
                {
                    Assert.Equal(StrangerText.CellWidth(line.Text), line.Cells);
                    Assert.True(line.Cells <= columns, $"{line.Cells} cells on {columns}x{rows}: {line.Text}");
                    Assert.DoesNotContain(line.Text, char.IsControl);
                }
            }
        }
    }

    [Theory]
    [InlineData("1 1 1 1", "▁▁▁▁")]
    [InlineData("1 2 1 1", "▁█▁▁")]
    [InlineData("100 101 100 102", "▁▁▁▁")]
    [InlineData("10 12 14 16 18 20", "▁▂▄▅▇█")]
    [InlineData("1 0 1", "▁×▁")]
    [InlineData("0 0", "××")]
    public void Bars_show_what_changes(string ms, string expected)
    {
        var probes = ms.Split(' ').Select(long.Parse)
            .Select(value => new RecentProbe(1, value == 0 ? default : IpAddress.AnyV4, value == 0 ? null : value * 1_000_000)).ToList();
        Assert.Equal(expected, Sparkline.Draw(probes, 20, isLoss: true));
        Assert.Equal(expected.Replace('×', '·'), Sparkline.Draw(probes, 20, isLoss: false));
    }

    [Theory]
    [InlineData("1 2 3 5 7 8", "1-3,5,7-8")]
    [InlineData("4", "4")]
    public void Flow_numbers_are_ranges(string numbers, string expected) =>
        Assert.Equal(expected, LiveColumns.Ranges([.. numbers.Split(' ').Select(int.Parse)]));

    private static string Draw(ViewState state, int columns, int rows, LiveSnapshot? snapshot = null) =>
        string.Join('\n', LivePage.Render(snapshot ?? LiveSamples.Middle(), state, new ScreenSize(rows, columns), Palette.None).Lines.Select(line => line.Text.TrimEnd()));
}
