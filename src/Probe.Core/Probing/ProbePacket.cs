using System.Security.Cryptography;
using Probe.Core.Packets;

namespace Probe.Core.Probing;

/// <summary>The transport of a probe.</summary>
public enum ProbeProtocol
{
    /// <summary>ICMP or ICMPv6 echo request.</summary>
    Icmp,

    /// <summary>UDP datagram.</summary>
    Udp,

    /// <summary>TCP: see <see cref="TcpSegmentKind"/>.</summary>
    Tcp,
}

/// <summary>Which segment a TCP probe is.</summary>
public enum TcpSegmentKind
{
    /// <summary>A SYN: an open port answers SYN-ACK, a closed one RST; what it carries beyond its options is ignored.</summary>
    Syn,

    /// <summary>
    /// An ACK of no connection, padded with payload: every port answers with a RST of 40 octets (60 over IPv6) whose sequence number is our
    /// acknowledgment number (RFC 9293 3.10.7.1). A load balancer that forwards only what belongs to a connection answers it itself.
    /// </summary>
    Ack,
}

/// <summary>
/// What routers that balance per flow see, and what therefore stays constant over all TTLs of one flow:
/// the ports of UDP and TCP, the identifier and checksum of ICMP (the first four octets after the IP header), the IPv6 flow label.
/// </summary>
/// <param name="Id">Number of the flow within the run, from 1.</param>
/// <param name="SourcePort">Source port (UDP, TCP); the identifier of an echo request (ICMP).</param>
/// <param name="DestinationPort">Destination port (UDP, TCP); unused for ICMP.</param>
/// <param name="IcmpChecksum">The constant checksum of an ICMP flow; unused otherwise.</param>
/// <param name="FlowLabel">IPv6 flow label, 20 bits.</param>
public readonly record struct Flow(int Id, ushort SourcePort, ushort DestinationPort, ushort IcmpChecksum = 0, uint FlowLabel = 0)
{
    /// <summary>A label for the IPv6 packets of a flow. Never 0, which means "none" and makes some routers hash less (RFC 6437 section 3).</summary>
    public static uint RandomLabel() => (uint)RandomNumberGenerator.GetInt32(1, 1 << 20);
}

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

    /// <summary>Differentiated services code point, 0 to 63.</summary>
    public byte Dscp { get; init; }

    /// <summary>The DF bit (IPv4); IPv6 routers never fragment.</summary>
    public bool DontFragment { get; init; }

    /// <summary>Headers worn outside; empty for a plain probe.</summary>
    public EncapsulationStack Via { get; init; }
}
