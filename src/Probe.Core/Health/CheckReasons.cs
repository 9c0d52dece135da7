namespace Probe.Core.Health;

/// <summary>The words that say why, where a verdict alone does not.</summary>
public static class CheckReasons
{
    /// <summary>The target itself, on a link of this host, answers no ARP or neighbour solicitation.</summary>
    public const string Neighbour = "neighbour";

    /// <summary>The gateway on the way answers no ARP or neighbour solicitation.</summary>
    public const string Gateway = "gateway";

    /// <summary>This host has no route to the target, or one that refuses (unreachable, prohibit, blackhole).</summary>
    public const string NoRoute = "no-route";

    /// <summary>The name does not resolve.</summary>
    public const string Name = "name";

    /// <summary>No resolver answered.</summary>
    public const string Resolver = "resolver";

    /// <summary>No source port is left.</summary>
    public const string Ports = "ports";

    /// <summary>The source address is not one of this host's.</summary>
    public const string SourceAddress = "source-address";

    /// <summary>No file descriptor is left.</summary>
    public const string Descriptors = "descriptors";

    /// <summary>No buffer or memory is left.</summary>
    public const string Buffers = "buffers";

    /// <summary>The interface on the way is down or gone.</summary>
    public const string Link = "link";

    /// <summary>A rule of this host's own answered with an ICMP error.</summary>
    public const string Reject = "reject";

    /// <summary>The host does not permit it.</summary>
    public const string Permission = "permission";

    /// <summary>Another system call failed; the error number says which way.</summary>
    public const string System = "system";

    /// <summary>Nothing came, which is what was asked for (UDP).</summary>
    public const string Silent = "silent";
}
