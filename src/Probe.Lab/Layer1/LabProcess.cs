using System.Diagnostics;

namespace Probe.Lab.Layer1;

/// <summary>What a program did.</summary>
/// <param name="Status">Exit status; -1 when it was killed for taking too long.</param>
/// <param name="Output">Its standard output.</param>
/// <param name="Error">Its standard error.</param>
/// <param name="TimedOut">It took too long and was killed with its children.</param>
public sealed record LabResult(int Status, string Output, string Error, bool TimedOut)
{
    /// <summary>Standard output of a program that succeeded.</summary>
    /// <exception cref="InvalidOperationException">It did not.</exception>
    public string Succeeded() => Status == 0 ? Output : throw new InvalidOperationException($"status {Status}{(TimedOut ? " (timed out)" : "")}\n{Output}{Error}");
}

/// <summary>Runs programs with a time limit.</summary>
public static class LabProcess
{
    /// <summary>Runs a program to its end or until its time is up.</summary>
    public static LabResult Run(string program, IReadOnlyList<string> arguments, string? input = null, TimeSpan? limit = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start");
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        try
        {
            process.StandardInput.Write(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading its input; its status and its error text say why.
        }

        var isDone = process.WaitForExit(limit ?? TimeSpan.FromSeconds(30));
        if (!isDone)
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
        }

        return new LabResult(isDone ? process.ExitCode : -1, output.GetAwaiter().GetResult(), error.GetAwaiter().GetResult(), !isDone);
    }

    /// <summary>Runs a program that must succeed.</summary>
    public static string Check(string program, IReadOnlyList<string> arguments, string? input = null)
    {
        var result = Run(program, arguments, input);
        return result.Status == 0
            ? result.Output
            : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: status {result.Status}\n{input}\n{result.Output}{result.Error}");
    }
}
