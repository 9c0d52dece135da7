using System.Diagnostics;
using Probe.Core.Linux;

namespace Probe.Tests;

/// <summary>What a test needs of the machine that runs it.</summary>
[Flags]
public enum Need
{
    None = 0,

    /// <summary>A C compiler and the system's headers.</summary>
    CCompiler = 1,

    /// <summary>Root with network namespaces, <c>ip</c> included.</summary>
    Namespaces = 2,

    /// <summary>nft.</summary>
    Nftables = 4,

    /// <summary>tshark.</summary>
    Tshark = 8,

    /// <summary>/dev/net/tun.</summary>
    Tun = 16,
}

/// <summary>
/// A fact that is skipped, with the reason, where the machine lacks something. Decided before the test starts: a test can never
/// skip itself once it has begun.
/// </summary>
public sealed class NeedsFactAttribute : FactAttribute
{
    public NeedsFactAttribute(Need needs)
    {
        Skip = NeedsCheck.Missing(needs);
    }
}

/// <summary>A theory with the same rule.</summary>
public sealed class NeedsTheoryAttribute : TheoryAttribute
{
    public NeedsTheoryAttribute(Need needs)
    {
        Skip = NeedsCheck.Missing(needs);
    }
}

internal static class NeedsCheck
{
    public static string? Missing(Need needs)
    {
        if (needs.HasFlag(Need.CCompiler) && !Exists("gcc"))
        {
            return "gcc is not installed";
        }

        if (needs.HasFlag(Need.Namespaces))
        {
            if (!Exists("ip"))
            {
                return "iproute2 is not installed";
            }

            if (!Capabilities.Has(SystemConstants.CAP_SYS_ADMIN) || !Capabilities.Has(SystemConstants.CAP_NET_ADMIN))
            {
                return "needs root to make network namespaces";
            }
        }

        if (needs.HasFlag(Need.Nftables) && !Exists("nft"))
        {
            return "nftables is not installed";
        }

        if (needs.HasFlag(Need.Tshark) && !Exists("tshark"))
        {
            return "tshark is not installed";
        }

        return needs.HasFlag(Need.Tun) && !File.Exists("/dev/net/tun") ? "/dev/net/tun is missing" : null;
    }

    private static bool Exists(string program) =>
        (Environment.GetEnvironmentVariable("PATH") + ":/usr/sbin:/sbin").Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));
}

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
