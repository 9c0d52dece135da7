namespace Probe.Core.Capture;

/// <summary>What the octets of a captured packet begin with, by the numbers of the files (tcpdump.org/linktypes.html).</summary>
public enum LinkType : ushort
{
    /// <summary>
    /// Four octets, AF_INET or AF_INET6 in the numbers and the byte order of the host that captured, then the IP header (LINKTYPE_NULL).
    /// </summary>
    Loopback = 0,

    /// <summary>An Ethernet header (LINKTYPE_ETHERNET).</summary>
    Ethernet = 1,

    /// <summary>The IPv4 or IPv6 header (LINKTYPE_RAW).</summary>
    RawIp = 101,

    /// <summary>As <see cref="Loopback"/>, in network order (LINKTYPE_LOOP).</summary>
    LoopbackNetworkOrder = 108,

    /// <summary>A header of 16 octets that tells the direction, then the IP header (LINKTYPE_LINUX_SLL).</summary>
    LinuxCooked = 113,

    /// <summary>The IPv4 header (LINKTYPE_IPV4).</summary>
    IPv4 = 228,

    /// <summary>The IPv6 header (LINKTYPE_IPV6).</summary>
    IPv6 = 229,

    /// <summary>A header of 20 octets that tells direction and index of the interface, then the IP header (LINKTYPE_LINUX_SLL2).</summary>
    LinuxCooked2 = 276,
}
