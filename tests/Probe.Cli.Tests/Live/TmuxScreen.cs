using System.Diagnostics;
using System.Globalization;

namespace Probe.Cli.Tests.Live;

/// <summary>A real terminal that a test can type into and read back: one window of a tmux server of its own, with a shell in it.</summary>
internal sealed class TmuxScreen : IDisposable
{
    // Far off: only a view that never shows it meets it.
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(120);
    private readonly TemporaryFolder _folder = new();

    public TmuxScreen(int columns = 120, int rows = 24)
    {
        Tmux("new-session", "-d", "-x", Number(columns), "-y", Number(rows), "env -u NO_COLOR PS1='$ ' bash --norc --noprofile");
        WaitFor("the shell", screen => screen.Contains('$', StringComparison.Ordinal));
    }

    /// <summary>What a user sees.</summary>
    public string Text => Tmux("capture-pane", "-p");

    public string[] Lines => Text.Split('\n');

    public bool OnAlternateScreen => Display("#{alternate_on}") == "1";

    public bool CursorIsShown => Display("#{cursor_flag}") == "1";

    /// <summary>The process that owns the terminal.</summary>
    public string ForegroundProcess => Shell.Run("ps", "-o", "tpgid=", "-p", Display("#{pane_pid}")).Trim();

    /// <summary>Types a line and Enter.</summary>
    public void Type(string line)
    {
        Tmux("send-keys", "-l", line);
        Press("Enter");
    }

    /// <summary>Presses keys by tmux's names.</summary>
    public void Press(params string[] keys) => Tmux(["send-keys", .. keys]);

    public void Resize(int columns, int rows) => Tmux("resize-window", "-x", Number(columns), "-y", Number(rows));

    /// <summary>Writes everything the terminal is sent from now on to a file.</summary>
    public void Record(string file) => Tmux("pipe-pane", $"cat > {file}");

    /// <summary>Waits until the screen is so, and returns it.</summary>
    public string WaitFor(string what, Func<string, bool> isSo)
    {
        var begun = Stopwatch.GetTimestamp();
        while (true)
        {
            var screen = Text;
            if (isSo(screen))
            {
                return screen;
            }

            Assert.True(Stopwatch.GetElapsedTime(begun) < Longest, $"no {what} within {Longest.TotalSeconds} s; the screen is:\n{screen}");
            Thread.Sleep(30);
        }
    }

    /// <summary>Waits until the screen shows a text.</summary>
    public string WaitFor(string text) => WaitFor($"\"{text}\"", screen => screen.Contains(text, StringComparison.Ordinal));

    /// <summary>Nothing of a view is left in the terminal.</summary>
    public void AssertIsAsBefore()
    {
        Assert.False(OnAlternateScreen);
        Assert.True(CursorIsShown);

        // The shell's own line editor switches echo off while it waits; a program it runs sees what was left behind.
        Type("stty -a | tr ' ;' '\\n\\n' | grep -cxE 'echo|icanon|isig'; echo settings");
        var settings = WaitFor("settings", shown => shown.Contains("\nsettings", StringComparison.Ordinal));
        Assert.Contains("\n3\nsettings", settings, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        Tmux("kill-server");
        _folder.Dispose();
    }

    private string Display(string format) => Tmux("display-message", "-p", format).Trim();

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private string Tmux(params string[] arguments) => Shell.Run("tmux", ["-u", "-S", Path.Combine(_folder.Path, "tmux"), "-f", "/dev/null", .. arguments]);
}
