using System.Diagnostics;

namespace Probe.Testing;

/// <summary>Runs a program to its end.</summary>
internal static class Shell
{
    /// <summary>Standard output of a program that succeeds; everything it said otherwise.</summary>
    public static string Run(string program, params string[] arguments)
    {
        var (status, output, error) = TryRun(program, arguments);
        return status == 0 ? output : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: status {status}\n{output}{error}");
    }

    /// <summary>Exit status and both outputs of a program.</summary>
    public static (int Status, string Output, string Error) TryRun(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }
}
