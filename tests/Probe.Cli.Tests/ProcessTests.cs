namespace Probe.Cli.Tests;

/// <summary>How the process behaves towards pipes, terminals and signals.</summary>
public class ProcessTests
{
    // Runs "probe report FIFO" as a child that takes signals as in a fresh terminal. The FIFO opens for writing only once probe opened it
    // for reading, long after its start; it then waits for a document that never comes. Prints "killed-by status".
    private const string SignalScript = """
        my ($probe, $fifo, $signal) = @ARGV;
        system('mkfifo', $fifo) == 0 or die;
        $SIG{INT} = $SIG{TERM} = 'DEFAULT';
        my $p = fork() // die;
        if (!$p) { exec $probe, 'report', $fifo or die }
        open my $f, '>', $fifo or die;
        kill $signal, $p;
        waitpid $p, 0;
        print $? & 127, ' ', $? >> 8, "\n";
        """;

    [Fact]
    public void A_reader_that_has_gone_ends_the_run_quietly_with_0()
    {
        // The reader is gone for certain before the first write.
        var ended = Child.Bash("""
            set -u; fifo=$1; mkfifo "$fifo"
            { read -r _ <"$fifo"; "$0" trace --help; echo "status $?" >&2; } | { exec <&-; echo go >"$fifo"; }
            rm -f "$fifo"
            """, Path.Combine(Path.GetTempPath(), $"pb{Environment.ProcessId}.fifo"));

        Assert.Equal("status 0\n", ended.Error);
    }

    [Fact]
    public void Head_ends_it_quietly_too()
    {
        var ended = Child.Bash("""
            "$0" doctor --json | head -n 1; echo "${PIPESTATUS[0]}"
            """);

        Assert.Equal("", ended.Error);
        Assert.Matches(@"\A\{\n[04]\n\z", ended.Output);
    }

    [Theory]
    [InlineData(">&-")]
    [InlineData(">/dev/full")]
    public void Output_that_cannot_be_written_is_one_line_and_exit_3(string redirection)
    {
        var ended = Child.Bash($"\"$0\" trace --help {redirection}");

        Assert.True(ended.Status == 3, ended.ToString());
        Assert.StartsWith("probe: cannot write to standard output", Assert.Single(ended.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public void A_closed_stderr_does_no_harm()
    {
        var ended = Child.Bash("""
            "$0" tracee 2>&-; echo $?; "$0" --version 2>&- <&-
            """);

        Assert.Matches(@"\A2\nprobe [0-9.]+\n\z", ended.Output);
    }

    [NeedsFact(Need.None, "perl")]
    public void Ctrl_C_ends_the_run_with_130() => Assert.Equal("0 130\n", Signalled("INT"));

    [NeedsFact(Need.None, "perl")]
    public void Sigterm_ends_the_run_with_143() => Assert.Equal("0 143\n", Signalled("TERM"));

    [NeedsFact(Need.None, "script")]
    public void Colour_is_for_terminals_whose_user_wants_it()
    {
        Assert.Contains("\e[", OnTerminal("TERM=xterm \"$0\" doctor"), StringComparison.Ordinal);

        Assert.DoesNotContain("\e[", OnTerminal("TERM=xterm \"$0\" doctor --no-color"), StringComparison.Ordinal);
        Assert.DoesNotContain("\e[", OnTerminal("TERM=xterm NO_COLOR=1 \"$0\" doctor"), StringComparison.Ordinal);
        Assert.DoesNotContain("\e[", OnTerminal("TERM=dumb \"$0\" doctor"), StringComparison.Ordinal);
        Assert.DoesNotContain("\e[", Child.Run("env", ["-u", "NO_COLOR", "TERM=xterm", Child.Probe, "doctor"]).Output, StringComparison.Ordinal);
    }

    private static string Signalled(string signal)
    {
        using var folder = new TemporaryFolder();
        var ended = Child.Run("perl", ["-e", SignalScript, Child.Probe, Path.Combine(folder.Path, "fifo"), signal]);
        Assert.Equal("", ended.Error);
        return ended.Output;
    }

    private static string OnTerminal(string line)
    {
        var output = Child.Bash($"unset NO_COLOR; script -qec '{line.Replace("\"$0\"", Child.Probe, StringComparison.Ordinal)}' /dev/null </dev/null").Output;
        Assert.Contains("kernel", output, StringComparison.Ordinal);
        return output;
    }
}
