using System.Diagnostics;

namespace Probe.Cli.Tests;

/// <summary>How a program ended and what it said.</summary>
internal sealed record Ended(int Status, string Output, string Error)
{
    public string[] ErrorLines => Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public override string ToString() => $"status {Status}\n--- stdout\n{Output}\n--- stderr\n{Error}";
}

/// <summary>Runs real programs, the built probe above all.</summary>
internal static class Child
{
    // Far off, as a build on a busy machine takes minutes: only what hangs meets it.
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(14);

    /// <summary>The probe that was built with these tests.</summary>
    public static string Probe { get; } = Path.Combine(AppContext.BaseDirectory, "probe");

    /// <summary>The tree these tests were built from.</summary>
    public static string Tree { get; } = FindTree();

    public static Ended RunProbe(params string[] arguments) => Run(Probe, arguments);

    /// <summary>Runs a script of bash; "$0" is the built probe, the arguments follow as "$1" and so on.</summary>
    public static Ended Bash(string script, params string[] arguments) => Run("bash", ["-c", script, Probe, .. arguments]);

    public static Ended Run(string program, IEnumerable<string> arguments, string? folder = null, IReadOnlyDictionary<string, string?>? environment = null)
    {
        using var process = Start(program, arguments, folder, environment);
        process.StandardInput.Close();
        return End(process);
    }

    public static Process Start(string program, IEnumerable<string> arguments, string? folder = null, IReadOnlyDictionary<string, string?>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? "",
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>(StringComparer.Ordinal))
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    public static Ended End(Process process)
    {
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(Longest))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{process.StartInfo.FileName} {string.Join(' ', process.StartInfo.ArgumentList)} did not end.");
        }

        return new Ended(process.ExitCode, output.Result, error.Result);
    }

    private static string FindTree()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Toolkit.sln")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests do not run inside the tree.");
        }

        return folder;
    }
}
