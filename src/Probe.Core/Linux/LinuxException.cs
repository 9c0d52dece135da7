using System.Runtime.InteropServices;

namespace Probe.Core.Linux;

/// <summary>A system call was refused. The message is one line: what was tried, the error's name, and what to do next.</summary>
public sealed class LinuxException : Exception
{
    /// <summary>Makes an error without an error number.</summary>
    public LinuxException(string message)
        : base(message)
    {
        Attempt = message;
    }

    /// <summary>Makes an error of another exception.</summary>
    public LinuxException(string message, Exception inner)
        : base(message, inner)
    {
        Attempt = message;
    }

    /// <summary>Makes an error of a refused call.</summary>
    /// <param name="errno">Error number; 0 when no call was refused.</param>
    /// <param name="attempt">What was tried, as it follows "cannot": <c>open a raw socket</c>.</param>
    /// <param name="hint">What the user can do; null takes the hint that fits the error number, if any.</param>
    public LinuxException(int errno, string attempt, string? hint = null)
        : base(Line(errno, attempt, hint))
    {
        Errno = errno;
        Attempt = attempt;
        Hint = hint;
    }

    /// <summary>Makes an empty error.</summary>
    public LinuxException()
        : this("unknown system error")
    {
    }

    /// <summary>The error number; 0 when no call was refused.</summary>
    public int Errno { get; }

    /// <summary>The error number's C name (<c>ENETUNREACH</c>); "" when there is none.</summary>
    public string ErrnoName => Errno == 0 ? "" : Linux.Errno.Name(Errno);

    /// <summary>What was tried.</summary>
    public string Attempt { get; }

    /// <summary>What the user can do about it; null when there is nothing better than the error's text.</summary>
    public string? Hint { get; }

    /// <summary>The user lacks a privilege (EPERM, EACCES).</summary>
    public bool IsPermission => Errno is Linux.Errno.EPERM or Linux.Errno.EACCES;

    /// <summary>
    /// The hint for a call that needs a capability. setcap is named only for the network's own capabilities, and never for the shared
    /// <c>dotnet</c> host, which would hand them to every program that it runs.
    /// </summary>
    internal static string NeedsCapability(string capability) => NeedsCapability(capability, Environment.ProcessPath);

    internal static string NeedsCapability(string capability, string? program) => $"needs {capability}; {HowToGrant(capability, program)}";

    /// <summary>How a user gives this program a capability, as the end of a sentence.</summary>
    public static string HowToGrant(string capability) => HowToGrant(capability, Environment.ProcessPath);

    private static string HowToGrant(string capability, string? program) =>
        capability is "CAP_NET_RAW" or "CAP_NET_ADMIN" && program is not null && Path.GetFileName(program.AsSpan()) is not "dotnet"
            ? $"run with sudo or: setcap {capability.ToLowerInvariant()}+ep {program}"
            : "run with sudo";

    private static string Line(int errno, string attempt, string? hint)
    {
        if (errno == 0)
        {
            return hint is null ? $"cannot {attempt}" : $"cannot {attempt}: {hint}";
        }

        var text = $"cannot {attempt}: {Marshal.GetPInvokeErrorMessage(errno)} ({Linux.Errno.Name(errno)})";
        return hint is null ? text : $"{text}; {hint}";
    }
}
