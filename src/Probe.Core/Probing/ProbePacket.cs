using Probe.Core.Packets;
using Probe.Core.Vocabulary;

namespace Probe.Core.Probing;

/// <summary>One packet to send: everything that decides its octets, except the cookie, which follows from <see cref="Number"/>.</summary>
public readonly record struct ProbePacket
{
    /// <summary>Run-wide number of the probe, from 1; what matches replies, pcap comments and drop events.</summary>
    public required int Number { get; init; }

    /// <summary>Source address of the (inner) packet.</summary>
    public required IpAddress Source { get; init; }

    /// <summary>Destination address of the (inner) packet.</summary>
    public required IpAddress Target { get; init; }

    /// <summary>Transport.</summary>
    public required ProbeProtocol Protocol { get; init; }

    /// <summary>The flow it belongs to.</summary>
    public required Flow Flow { get; init; }

    /// <summary>Which segment, for TCP.</summary>
    public TcpSegmentKind Segment { get; init; }

    /// <summary>TTL (IPv4) or hop limit (IPv6) of the (inner) packet, 1 to 255.</summary>
    public required byte Ttl { get; init; }

    /// <summary>TTL or hop limit of the outermost header; 0 leaves it to the encapsulation.</summary>
    public byte OuterTtl { get; init; }

    /// <summary>Octets of the (inner) IP packet, its header included; at least what its headers need.</summary>
    public required int Size { get; init; }

    /// <summary>
    /// What a UDP datagram carries, octet by octet, so that <see cref="Size"/> follows from it; null for the probe's own cookie. It carries
    /// no proof of its own: ports and addresses alone tell whose its answer is.
    /// </summary>
    public ReadOnlyMemory<byte>? Payload { get; init; }

    /// <summary>Differentiated services code point, 0 to 63.</summary>
    public byte Dscp { get; init; }

    /// <summary>The DF bit (IPv4); IPv6 routers never fragment.</summary>
    public bool DontFragment { get; init; }

    /// <summary>Headers outside its own, outermost first; empty for a plain probe.</summary>
    public EncapsulationStack Via { get; init; }
}
