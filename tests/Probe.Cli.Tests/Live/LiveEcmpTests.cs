using System.Text.RegularExpressions;
using static Probe.Cli.Tests.Live.LiveText;

namespace Probe.Cli.Tests.Live;

/// <summary>The live view of a search of all paths, in a real terminal over a real network.</summary>
public sealed partial class LiveEcmpTests(LiveNetwork network) : IClassFixture<LiveNetwork>
{
    // At the usual 95 % one run in some thirty would miss the second branch.
    private const string Sure = "--ecmp --confidence 99.99";

    [NeedsFact(Need.Root, "tmux", "ip")]
    public void The_table_grows_with_every_path_and_goes_on_watching_them()
    {
        using var screen = new TmuxScreen(140, 24);
        Start(screen, Sure + " -i 300ms");
        var found = screen.WaitFor("All paths found: 99.99 % of each node's next hops");
        Assert.Matches(@"\n +2  10\.88\.[23]\.2 +0\.0%.*\n +10\.88\.[23]\.2 +0\.0%.*\n +3  10\.88\.9\.9 +0\.0%", found);
        Assert.Contains("UDP port 33434", found, StringComparison.Ordinal);
        Assert.Contains("Reached in 3 hops.", found, StringComparison.Ordinal);
        Assert.Matches(@"cycle \d+, \d+ sent, \d+ answered, 2 of \d+ flows cover all", found);
        Assert.True(screen.OnAlternateScreen);

        // Round-trip times and loss keep coming.
        screen.WaitFor("more cycles", text => Cycle(text) > 4);
        screen.Press("o", "o");
        screen.WaitFor("per-flow");

        screen.Press("f");
        var one = screen.WaitFor("only flow");
        Assert.NotEqual(one.Contains("10.88.2.2", StringComparison.Ordinal), one.Contains("10.88.3.2", StringComparison.Ordinal));
        screen.Press("f", "f");
        screen.WaitFor("all flows again", text => !text.Contains("only flow", StringComparison.Ordinal));

        screen.Press("p");
        screen.WaitFor("PAUSED");
        screen.Press("r");
        screen.WaitFor(" 0 sent, 0 answered");
        screen.Press("p");

        // What covers the paths is not forgotten with the statistics.
        screen.WaitFor("both routers again", text => text.Contains("10.88.2.2", StringComparison.Ordinal)
            && text.Contains("10.88.3.2", StringComparison.Ordinal) && text.Contains("2 of 2 flows cover all", StringComparison.Ordinal));

        screen.Press("t");
        screen.WaitFor("TCP port 80");
        screen.WaitFor("TCP all found", text => text.Contains("closed (R", StringComparison.Ordinal) && text.Contains("All paths found", StringComparison.Ordinal));
        screen.Press("q");
        var report = screen.WaitFor("status 0");
        Assert.Contains("All paths: 4 nodes, 4 links,", report, StringComparison.Ordinal);
        screen.AssertIsAsBefore();
    }

    [NeedsFact(Need.Root, "tmux", "ip")]
    public void A_search_that_takes_long_says_so_first_can_be_paused_and_ended()
    {
        network.LimitErrors(true);
        try
        {
            using var screen = new TmuxScreen(140, 24);
            Start(screen, Sure);
            screen.WaitFor("searching all paths: ");
            screen.WaitFor("an expected duration", text => ExpectedSeconds().IsMatch(text));
            screen.Press("p");
            var paused = screen.WaitFor("PAUSED");
            Assert.Equal(Searched(paused), Searched(screen.WaitFor("three more seconds of the pause", text => Seconds(text) >= Seconds(paused) + 3)));
            screen.Press("p");
            screen.WaitFor("probes again", text => Searched(text) > Searched(paused));
            screen.Press("f");
            screen.WaitFor("flow by flow works once the search is over");

            foreach (var (columns, rows) in new[] { (70, 12), (150, 30) })
            {
                screen.Resize(columns, rows);
                screen.WaitFor($"a screen of {columns}x{rows}", text => text.Split('\n') is var lines
                    && lines[0].StartsWith(LiveNetwork.Server, StringComparison.Ordinal) && lines[rows - 1].Contains("q quit", StringComparison.Ordinal));
            }

            screen.Press("C-c");
            var report = screen.WaitFor("status 130");
            Assert.Contains("not complete.", report, StringComparison.Ordinal);
            screen.AssertIsAsBefore();
        }
        finally
        {
            network.LimitErrors(false);
        }
    }

    [NeedsFact(Need.Root, "tmux", "ip")]
    public void A_report_tells_on_the_terminal_how_far_the_search_is()
    {
        network.LimitErrors(true);
        try
        {
            using var screen = new TmuxScreen(140, 24);
            Start(screen, Sure + " --report");
            screen.WaitFor("searching all paths: ");
            screen.WaitFor("an expected duration", text => ExpectedSeconds().IsMatch(text));
            screen.Press("C-c");
            screen.WaitFor("status 130");
        }
        finally
        {
            network.LimitErrors(false);
        }
    }

    [GeneratedRegex(@"searching all paths: about \d+ s more; ", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex ExpectedSeconds();

    private void Start(TmuxScreen screen, string options) =>
        screen.Type($"clear; ip netns exec {network.Client} {Child.Probe} trace -n {options} {LiveNetwork.Server}; echo \"status\" $?");
}
