using Probe.Core.Linux;
using Probe.Lab;

namespace Probe.Testing;

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

    /// <summary>/dev/net/tun, to be used in a namespace.</summary>
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

    /// <summary>A network of one's own without root: a user namespace.</summary>
    UserNamespace = 4096,

    /// <summary>libpcap.</summary>
    Libpcap = 8192,
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
        Skip = Needs.Missing(needs, programs);
    }
}

/// <summary>A theory with the same rule.</summary>
public sealed class NeedsTheoryAttribute : TheoryAttribute
{
    public NeedsTheoryAttribute(Need needs, params string[] programs)
    {
        Skip = Needs.Missing(needs, programs);
    }
}

/// <summary>Asks the machine.</summary>
internal static class Needs
{
    private static readonly (Need Need, Func<string?> Missing)[] Questions =
    [
        (Need.Root, () => Environment.IsPrivilegedProcess ? null : "needs root"),
        (Need.Namespaces, () => LabCapabilities.Namespaces),
        (Need.UserNamespace, () => LabCapabilities.UserNamespace),
        (Need.Tun, () => LabCapabilities.Tun),
        (Need.Libpcap, () => LibPcap.IsInstalled ? null : LibPcap.Missing),
        (Need.CCompiler, () => LabCapabilities.Program("gcc")),
        (Need.Nftables, () => LabCapabilities.Program("nft")),
        (Need.Tshark, () => LabCapabilities.Program("tshark")),
        (Need.Mtr, () => LabCapabilities.Program("mtr")),
        (Need.Traceroute, () => LabCapabilities.Program("traceroute")),
        (Need.Scamper, () => LabCapabilities.Program("scamper")),
        (Need.Tracepath, () => LabCapabilities.Program("tracepath")),
        (Need.Tcpdump, () => LabCapabilities.Program("tcpdump")),
        (Need.Ping, () => LabCapabilities.Program("ping")),
    ];

    /// <summary>The first thing that is missing, fit to be printed; null when the test can run.</summary>
    public static string? Missing(Need needs, params ReadOnlySpan<string> programs)
    {
        foreach (var (need, missing) in Questions)
        {
            if (needs.HasFlag(need) && missing() is { } reason)
            {
                return reason;
            }
        }

        return LabCapabilities.Programs(programs);
    }
}
