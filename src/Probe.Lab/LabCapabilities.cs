using System.Diagnostics;
using Probe.Core.Linux.Files;
using Probe.Core.Linux;

namespace Probe.Lab;

/// <summary>What this machine can do for the lab. Each answer is null for "it can", or the reason why not, fit to be printed.</summary>
public static class LabCapabilities
{
    /// <summary>Root's own rights, needed to make network namespaces by name.</summary>
    public static string? Root =>
        Capabilities.Has(ProcessConstants.CAP_SYS_ADMIN) && Capabilities.Has(ProcessConstants.CAP_NET_ADMIN)
            ? null : "needs root (CAP_SYS_ADMIN, CAP_NET_ADMIN)";

    /// <summary>Named network namespaces.</summary>
    public static string? Namespaces => Root ?? Program("ip");

    /// <summary>TUN devices.</summary>
    public static string? Tun
    {
        get
        {
            try
            {
                using var device = FileCalls.Open("/dev/net/tun", FileConstants.O_RDWR);
                return Namespaces;
            }
            catch (LinuxException exception)
            {
                return exception.Message;
            }
        }
    }

    /// <summary>nftables, tried in a namespace of its own.</summary>
    public static string? Nft => Program("nft") ?? Root;

    /// <summary>User namespaces with a network of their own: the lab without root.</summary>
    public static string? UserNamespace
    {
        get
        {
            if ((Program("unshare") ?? Program("ip")) is { } missing)
            {
                return missing;
            }

            using var process =
                Process.Start(new ProcessStartInfo("unshare", ["-Urn", "true"]) { UseShellExecute = false, RedirectStandardError = true });
            var error = process!.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? null : $"user namespaces are not allowed here: {error.Trim()}";
        }
    }

    /// <summary>A program, by its name in PATH and where Debian keeps those of the administrator.</summary>
    public static string? Program(string name) =>
        $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/sbin".Split(':')
            .Any(folder => folder.Length > 0 && File.Exists(Path.Combine(folder, name)))
            ? null
            : $"{name} is not installed";

    /// <summary>The first of several programs that is missing.</summary>
    public static string? Programs(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (Program(name) is { } missing)
            {
                return missing;
            }
        }

        return null;
    }
}
