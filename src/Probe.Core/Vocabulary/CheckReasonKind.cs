namespace Probe.Core.Vocabulary;

/// <summary>Why a check's verdict is what it is, where the verdict alone does not say it.</summary>
public enum CheckReasonKind
{
    /// <summary>The target itself, on a link of this host, answers no ARP or neighbour solicitation.</summary>
    Neighbour,

    /// <summary>The gateway on the way answers no ARP or neighbour solicitation.</summary>
    Gateway,

    /// <summary>This host has no route to the target, or one that refuses (unreachable, prohibit, blackhole).</summary>
    NoRoute,

    /// <summary>The name does not resolve.</summary>
    Name,

    /// <summary>No resolver answered.</summary>
    Resolver,

    /// <summary>No source port is left.</summary>
    Ports,

    /// <summary>The source address is not one of this host's.</summary>
    SourceAddress,

    /// <summary>No file descriptor is left.</summary>
    Descriptors,

    /// <summary>No buffer or memory is left.</summary>
    Buffers,

    /// <summary>The interface on the way is down or gone.</summary>
    Link,

    /// <summary>A rule of this host's own answered with an ICMP error.</summary>
    Reject,

    /// <summary>A rule of this host's own kept the packet from leaving (EPERM).</summary>
    LocalRule,

    /// <summary>Another system call failed; the error number says which way.</summary>
    System,

    /// <summary>Nothing came, which is what was asked for (UDP).</summary>
    Silent,

    /// <summary>The status of an HTTP answer is not the expected one. Documents write it with its number: <c>status-503</c>.</summary>
    Status,
}
