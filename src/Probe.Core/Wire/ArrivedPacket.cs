using Probe.Core.Packets;
using Probe.Core.Vocabulary;

namespace Probe.Core.Wire;

/// <summary>One IP packet that arrived, already split into its network header's fields and its payload.</summary>
public readonly ref struct ArrivedPacket
{
    /// <summary>Who sent it.</summary>
    public required IpAddress Source { get; init; }

    /// <summary>The local address it came to.</summary>
    public required IpAddress Destination { get; init; }

    /// <summary>TTL or hop limit on arrival.</summary>
    public required byte Ttl { get; init; }

    /// <summary>TOS or traffic class octet.</summary>
    public byte TrafficClass { get; init; }

    /// <summary>IP protocol of <see cref="Payload"/> (1 ICMP, 6 TCP, 17 UDP, 58 ICMPv6).</summary>
    public required byte Protocol { get; init; }

    /// <summary>The octets after the IP header and its options or extension headers.</summary>
    public required ReadOnlySpan<byte> Payload { get; init; }

    /// <summary>
    /// Octets of the whole IP packet, more than <see cref="Payload"/> holds when it was cut; IPv6 extension headers, which the kernel
    /// does not show, are not counted. 0 when unknown.
    /// </summary>
    public int Length { get; init; }

    /// <summary>Not all octets of the packet were kept: no checksum over them can fit.</summary>
    public bool Cut { get; init; }

    /// <summary>Read from the link before this host's routes had a say: it may be on its way to somebody else.</summary>
    public bool OnLink { get; init; }

    /// <summary>Arrival, nanoseconds of the port's clock.</summary>
    public required long AtNs { get; init; }

    /// <summary>Source of <see cref="AtNs"/>.</summary>
    public required StampSource Stamp { get; init; }

    /// <summary>Index of the interface it came in by; 0 when unknown.</summary>
    public int InterfaceIndex { get; init; }
}
