using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using static Probe.Cli.Tests.Live.LiveText;

namespace Probe.Cli.Tests.Live;

/// <summary>The live view in a real terminal, over a real network: what its user does and sees.</summary>
public sealed partial class LiveTerminalTests(LiveNetwork network) : IClassFixture<LiveNetwork>
{
    private const string Server = LiveNetwork.Server;

    [NeedsFact(Need.Root, "tmux", "ip")]
    public void Every_key_does_what_the_help_says()
    {
        using var screen = new TmuxScreen();
        Start(screen, "--udp --flows 16 -i 300ms");
        var first = screen.WaitFor("both routers", text => text.Contains("10.88.2.2", StringComparison.Ordinal) && text.Contains("10.88.3.2", StringComparison.Ordinal));
        Assert.Matches(@"\n +2  10\.88\.[23]\.2 +0\.0%.*\n +10\.88\.[23]\.2 +0\.0%", first);
        Assert.Contains("UDP port 33434", first, StringComparison.Ordinal);
        Assert.Contains("Reached in 3 hops.", first, StringComparison.Ordinal);
        Assert.Contains('▁', first);
        Assert.True(screen.OnAlternateScreen);
        Assert.False(screen.CursorIsShown);

        screen.Press("h");
        screen.WaitFor("quit; the report is printed");
        screen.Press("h");
        screen.WaitFor("Worst");

        screen.Press("o");
        screen.WaitFor("P99");
        screen.Press("o");
        screen.WaitFor("Balancing");
        screen.WaitFor("per-flow");

        screen.Press("f");
        var one = screen.WaitFor("only flow 1 of 16");
        Assert.NotEqual(one.Contains("10.88.2.2", StringComparison.Ordinal), one.Contains("10.88.3.2", StringComparison.Ordinal));
        screen.Press("f");
        screen.WaitFor("only flow 2 of 16");

        screen.Press("p");
        var paused = screen.WaitFor("PAUSED");
        Assert.Equal(Sent(paused), Sent(screen.WaitFor("two more seconds of the pause", text => Seconds(text) >= Seconds(paused) + 2)));
        screen.Press("Space");
        screen.WaitFor("probes again", text => !text.Contains("PAUSED", StringComparison.Ordinal) && Sent(text) > Sent(paused));

        // In a pause, as the numbers would grow again before anybody looks.
        screen.Press("Space");
        screen.WaitFor("PAUSED");
        screen.Press("r");
        screen.WaitFor(" 0 sent, 0 answered");
        screen.Press("Space");
        screen.WaitFor("probes once more", text => Sent(text) > 0);

        screen.Press("t");
        screen.WaitFor("TCP port 80");
        screen.WaitFor("closed (RST)");
        screen.Press("i");
        screen.WaitFor("ICMP, 60 octets");
        screen.WaitFor("echo reply");
        screen.Press("i");
        screen.WaitFor("these are ICMP probes already");

        screen.Press("q");
        var report = screen.WaitFor("status 0");
        Assert.Contains($"Path to {Server} from 10.88.1.1, ICMP", report, StringComparison.Ordinal);
        screen.AssertIsAsBefore();
    }

    [NeedsFact(Need.Root, "tmux", "ip")]
    public void Any_size_is_drawn_right_at_once_and_a_low_window_scrolls()
    {
        using var screen = new TmuxScreen(120, 24);
        Start(screen, "--udp --flows 16");
        screen.WaitFor("both routers", text => text.Contains("10.88.2.2", StringComparison.Ordinal) && text.Contains("10.88.3.2", StringComparison.Ordinal));
        foreach (var (columns, rows) in new[] { (60, 12), (150, 40), (44, 7), (100, 20) })
        {
            screen.Resize(columns, rows);
            var drawn = screen.WaitFor($"a screen of {columns}x{rows}", text =>
                text.Split('\n') is var lines && lines[0].StartsWith(Server, StringComparison.Ordinal)
                && lines[rows - 1].Contains("q quit", StringComparison.Ordinal)
                && lines[0].Contains("since", StringComparison.Ordinal) == (columns >= 60));

            // Nothing is left of another size, no row is lost or doubled.
            var shown = drawn.Split('\n');
            Assert.Single(shown, line => line.Contains("q quit", StringComparison.Ordinal));
            Assert.Single(shown, line => line.Contains("Hop  Address", StringComparison.Ordinal));
            Assert.Single(shown, line => line.StartsWith("  1  10.88.1.2", StringComparison.Ordinal));
            Assert.Equal(rows >= 12 ? 1 : 0, shown.Count(line => line.StartsWith("  3  " + Server, StringComparison.Ordinal)));
        }

        screen.Resize(80, 7);
        screen.WaitFor("1-2 of 4 rows");
        screen.Press("Down");
        screen.WaitFor("2-3 of 4 rows");
        screen.Press("j", "j", "j");
        var end = screen.WaitFor("3-4 of 4 rows");
        Assert.Contains("  3  " + Server, end, StringComparison.Ordinal);
        screen.Press("Home");
        screen.WaitFor("1-2 of 4 rows");
    }

    [NeedsFact(Need.Root, "tmux", "ip")]
    public void What_is_wrong_is_said_while_it_runs_and_in_the_exit_code()
    {
        using var screen = new TmuxScreen();

        // The first router has no route to it and says so, once a second: whatever the settings, Linux limits this kind of answer.
        screen.Type($"clear; ip netns exec {network.Client} {Child.Probe} trace -n 10.88.7.7; echo \"status\" $?");
        screen.WaitFor("q quit");
        screen.WaitFor("PRB-PATH-");
        Assert.Contains("(10.88.1.2).", screen.WaitFor("Not reached: the last answer came from hop"), StringComparison.Ordinal);
        screen.Press("q");
        Assert.Contains("PRB-PATH-", screen.WaitFor("status 1"), StringComparison.Ordinal);
        screen.AssertIsAsBefore();
    }

    [NeedsFact(Need.Root, "tmux", "ip")]
    public void Ctrl_C_gives_the_terminal_back_and_prints_the_report()
    {
        using var screen = new TmuxScreen();
        Start(screen, "");
        screen.WaitFor("Reached in 3 hops.");
        screen.Press("C-c");
        var report = screen.WaitFor("status 130");
        Assert.Contains("Path to " + Server, report, StringComparison.Ordinal);
        Assert.Contains("Reached in 3 hops.", report, StringComparison.Ordinal);
        screen.AssertIsAsBefore();
    }

    [NeedsFact(Need.Root, "tmux", "ip")]
    public void A_signal_gives_the_terminal_back()
    {
        using var screen = new TmuxScreen();
        foreach (var (signal, status) in new[] { ("TERM", 143), ("HUP", 129), ("QUIT", 131) })
        {
            Start(screen, "");
            screen.WaitFor("q quit");
            Shell.Run("bash", "-c", $"kill -{signal} {screen.ForegroundProcess}");
            screen.WaitFor(string.Create(CultureInfo.InvariantCulture, $"status {status}"));
            screen.AssertIsAsBefore();
            screen.Type("clear");
        }
    }

    [NeedsFact(Need.Root, "tmux", "ip")]
    public void Ctrl_Z_puts_it_aside_and_fg_brings_it_back()
    {
        using var screen = new TmuxScreen();
        var begun = Stopwatch.GetTimestamp();
        Start(screen, "");
        screen.WaitFor("Reached in 3 hops.");
        screen.Press("C-z");
        screen.WaitFor("Stopped");
        var aside = Stopwatch.GetTimestamp();
        screen.AssertIsAsBefore();
        while (Stopwatch.GetElapsedTime(aside) < TimeSpan.FromSeconds(3.5))
        {
            Assert.False(screen.OnAlternateScreen);
        }

        begun += Stopwatch.GetTimestamp() - aside;
        screen.Type("fg");
        screen.WaitFor("q quit");
        Assert.True(screen.OnAlternateScreen);

        // Keys work again, and the cycles of the time aside are not caught up.
        screen.Press("o");
        var back = screen.WaitFor("P99");
        Assert.InRange(Cycle(back), 1, 1 + (int)Stopwatch.GetElapsedTime(begun).TotalSeconds);
        screen.Press("q");

        // The shell has given up the rest of the line when the first command was stopped.
        screen.WaitFor("Reached in 3 hops.\n$");
        screen.Type("echo \"status\" $?");
        screen.WaitFor("status 0");
        screen.AssertIsAsBefore();
    }

    [NeedsFact(Need.Root, "tmux", "ip")]
    public void It_ends_by_itself_after_the_cycles_asked_for_and_needs_no_keyboard()
    {
        using var screen = new TmuxScreen();
        Start(screen, "-c 3 -i 500ms", "</dev/null");
        screen.WaitFor("of 3,");
        var report = screen.WaitFor("status 0");
        Assert.Matches(@"\n +3  10\.88\.9\.9 +0\.0% +3 +3 ", report);
        screen.AssertIsAsBefore();
    }

    [NeedsFact(Need.Root, "tmux", "ip")]
    public void Who_wants_a_report_or_has_no_such_terminal_gets_one()
    {
        using var screen = new TmuxScreen();
        using var folder = new TemporaryFolder();
        var recording = Path.Combine(folder.Path, "octets");
        screen.Record(recording);
        Start(screen, "--report -c 1");
        screen.WaitFor("status 0");
        screen.Type("clear");
        screen.Type($"TERM=dumb {Line("-c 1", "")}; echo dumb $?");
        screen.WaitFor("dumb 0");
        screen.Type("clear");
        screen.Type($"{Line("-c 1", "")} | cat; echo piped $?");
        screen.WaitFor("piped 0");
        Assert.DoesNotContain("\e[?1049h", File.ReadAllText(recording), StringComparison.Ordinal);
    }

    [NeedsFact(Need.Root, "tmux", "ip")]
    public void No_frame_erases_the_screen_and_each_is_synchronized()
    {
        using var folder = new TemporaryFolder();
        var recording = Path.Combine(folder.Path, "octets");
        using (var screen = new TmuxScreen())
        {
            screen.Record(recording);
            Start(screen, "-i 200ms");
            screen.WaitFor("nine cycles", text => Cycle(text) >= 9);
            screen.Resize(70, 15);
            screen.WaitFor("twelve cycles", text => Cycle(text) >= 12);
            screen.Press("q");
            screen.WaitFor("status 0");
            screen.WaitFor("the end in the recording", _ => File.ReadAllText(recording).Contains("status 0", StringComparison.Ordinal));
        }

        var octets = File.ReadAllText(recording);
        var view = octets[octets.IndexOf("\e[?1049h", StringComparison.Ordinal)..octets.IndexOf("\e[?1049l", StringComparison.Ordinal)];
        Assert.DoesNotContain("\e[2J", view, StringComparison.Ordinal);
        Assert.DoesNotContain("\e[J", view, StringComparison.Ordinal);
        var frames = FrameOf().Matches(view);
        Assert.True(frames.Count >= 4, $"{frames.Count} frames");

        // Between the frames there is nothing but the way in and the way out.
        Assert.Equal("\e[?1049h\e[?25l\e[?7l\e[0m\e[?2026l\e[?7h\e[?25h", FrameOf().Replace(view, ""));
    }

    [NeedsFact(Need.Root, "tmux", "ip", "strace")]
    public void A_frame_is_one_write()
    {
        using var folder = new TemporaryFolder();
        var log = Path.Combine(folder.Path, "calls");
        using var screen = new TmuxScreen();
        screen.Type($"ip netns exec {network.Client} strace -f -qq -s 100000 -e trace=write -e signal=none -o {log} {Child.Probe} trace -n -c 20 -i 300ms {Server}; echo \"status\" $?");
        screen.WaitFor("status 0");

        var writes = File.ReadLines(log).Where(line => line.Contains(" write(1, \"\\33[", StringComparison.Ordinal)).ToList();
        Assert.All(writes.Skip(1).SkipLast(1), write => Assert.Matches(@"write\(1, ""\\33\[\?2026h\\33\[.*\\33\[\?2026l"", \d+(\)| <unfinished)", write));
        Assert.True(writes.Count > 6, $"{writes.Count} writes");
    }

    [GeneratedRegex(@"\e\[\?2026h(?:(?!\e\[\?2026).)*\e\[\?2026l", RegexOptions.Singleline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex FrameOf();

    private string Line(string options, string redirection) => $"ip netns exec {network.Client} {Child.Probe} trace -n {options} {Server} {redirection}";

    private void Start(TmuxScreen screen, string options, string redirection = "") =>
        screen.Type($"clear; {Line(options, redirection)}; echo \"status\" $?");
}
