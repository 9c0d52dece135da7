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

    /// <summary>mtr.</summary>
    Mtr = 32,

    /// <summary>traceroute.</summary>
    Traceroute = 64,

    /// <summary>scamper.</summary>
    Scamper = 128,

    /// <summary>tracepath.</summary>
    Tracepath = 256,

    /// <summary>tcpdump.</summary>
    Tcpdump = 512,

    /// <summary>ping.</summary>
    Ping = 1024,

    /// <summary>Root.</summary>
    Root = 2048,
}

/// <summary>
/// A fact that is skipped, with the reason, where the machine lacks something. Decided before the test starts: a test can never
/// skip itself once it has begun.
/// </summary>
public sealed class NeedsFactAttribute : FactAttribute
{
    /// <param name="needs">What it needs.</param>
    /// <param name="programs">Programs it starts beside those.</param>
    public NeedsFactAttribute(Need needs, params string[] programs)
    {
        Skip = NeedsCheck.Missing(needs) ?? (programs.FirstOrDefault(program => !NeedsCheck.Exists(program)) is { } missing ? $"{missing} is not installed" : null);
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
    private static readonly (Need Need, string Program, string Package)[] s_programs =
    [
        (Need.Nftables, "nft", "nftables"), (Need.Tshark, "tshark", "tshark"), (Need.Mtr, "mtr", "mtr-tiny"), (Need.Traceroute, "traceroute", "traceroute"),
        (Need.Scamper, "scamper", "scamper"), (Need.Tracepath, "tracepath", "iputils-tracepath"), (Need.Tcpdump, "tcpdump", "tcpdump"), (Need.Ping, "ping", "iputils-ping"),
    ];

    public static string? Missing(Need needs)
    {
        if (needs.HasFlag(Need.Root) && !Environment.IsPrivilegedProcess)
        {
            return "needs root";
        }

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

        foreach (var (need, program, package) in s_programs)
        {
            if (needs.HasFlag(need) && !Exists(program))
            {
                return package + " is not installed";
            }
        }

        return needs.HasFlag(Need.Tun) && !File.Exists("/dev/net/tun") ? "/dev/net/tun is missing" : null;
    }

    public static bool Exists(string program) =>
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
