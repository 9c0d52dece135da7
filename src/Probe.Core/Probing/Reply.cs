using Probe.Core.Packets;
using Probe.Core.Vocabulary;

namespace Probe.Core.Probing;

/// <summary>The IP header that an ICMP error quoted: what the packet looked like where it died.</summary>
/// <param name="Ttl">Quoted TTL or hop limit: 1 where a router counted honestly, 0 for zero-TTL forwarding.</param>
/// <param name="TrafficClass">Quoted TOS or traffic class octet (DSCP and ECN).</param>
/// <param name="Length">Quoted length of the whole IP packet, octets.</param>
/// <param name="Id">Quoted IPv4 identification; 0 for IPv6.</param>
public readonly record struct QuotedHeader(byte Ttl, byte TrafficClass, int Length, ushort Id);

/// <summary>One answer to one probe, matched and stamped.</summary>
public readonly record struct Reply
{
    /// <summary><see cref="ProbePacket.Number"/> of the probe it answers.</summary>
    public required int Number { get; init; }

    /// <summary>Who sent the answer.</summary>
    public required IpAddress From { get; init; }

    /// <summary>Kind of answer.</summary>
    public required ReplyKind Kind { get; init; }

    /// <summary>ICMP type; 0 for TCP and UDP answers.</summary>
    public byte Type { get; init; }

    /// <summary>ICMP code; 0 for TCP and UDP answers.</summary>
    public byte Code { get; init; }

    /// <summary>The MTU that a frag-needed or packet-too-big carries, octets, 0 included; null for every other kind.</summary>
    public int? Mtu { get; init; }

    /// <summary>The MTU cannot be true: 0, or not below the size of the packet it complains about.</summary>
    public bool Implausible { get; init; }

    /// <summary>When the probe left, nanoseconds of the run's clock.</summary>
    public required long SentNs { get; init; }

    /// <summary>When the answer arrived, nanoseconds of the run's clock.</summary>
    public required long ReceivedNs { get; init; }

    /// <summary>Source of <see cref="SentNs"/>.</summary>
    public StampSource SentStamp { get; init; }

    /// <summary>Source of <see cref="ReceivedNs"/>.</summary>
    public StampSource ReceivedStamp { get; init; }

    /// <summary>TTL or hop limit with which the answer arrived here.</summary>
    public byte ReplyTtl { get; init; }

    /// <summary>The quoted IP header of an ICMP error; null for a direct answer.</summary>
    public QuotedHeader? Quoted { get; init; }

    /// <summary>
    /// Which IP header of the probe the answer is about: 0 for the packet of the probe itself, 1 for the header next outside, and so on: an
    /// ICMP error about a tunnel's own packet is at the layer of that tunnel. <see cref="Quoted"/> and <see cref="Mtu"/> are that header's.
    /// </summary>
    public int Layer { get; init; }

    /// <summary>Quoted fields that differ from what was sent: a NAT stands in between.</summary>
    public RewrittenFields Nat { get; init; }

    /// <summary>MPLS labels and interface information (RFC 4884) that came along; null when none did.</summary>
    public IcmpExtensions? Extensions { get; init; }

    /// <summary>
    /// The answer names its flow but not which probe of it (a UDP service's own words): the probe with the highest TTL still open was
    /// taken, and the RTT is not known.
    /// </summary>
    public bool Ambiguous { get; init; }

    /// <summary>An ICMP redirect (5) about the probe: a note on the path and no answer; <see cref="Kind"/> means nothing then.</summary>
    public bool Redirect { get; init; }

    /// <summary>Round-trip time, nanoseconds.</summary>
    public long RttNs => ReceivedNs - SentNs;

    /// <summary>True when the kernel stamped both ends.</summary>
    public bool KernelStamped => SentStamp == StampSource.Kernel && ReceivedStamp == StampSource.Kernel;
}
