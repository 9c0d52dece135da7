namespace Probe.Core.Packets;

/// <summary>
/// One header, or several, outside the IP header of a packet: an outer IP header and what stands between it and the packet
/// inside.
/// </summary>
public abstract record Encapsulation
{
    /// <summary>Where the outer packet goes: the tunnel's far end.</summary>
    public required IpAddress Remote { get; init; }

    /// <summary>Source of the outer packet; no address leaves it to this host's routes.</summary>
    public IpAddress Source { get; init; }

    /// <summary>TTL or hop limit of the outer packet; null for 64.</summary>
    public byte? Ttl { get; init; }

    /// <summary>Differentiated services code point of the outer packet, 0 to 63; null takes that of the packet inside.</summary>
    public byte? Dscp { get; init; }

    /// <summary>DF of an outer IPv4 header; null for set.</summary>
    public bool? DontFragment { get; init; }

    /// <summary>Octets of the outer IP header.</summary>
    public int OuterHeaderLength => Remote.IsV6 ? IPv6Header.Length : IPv4Header.MinimumLength;

    /// <summary>Octets between the outer IP header and the IP packet inside.</summary>
    public abstract int TunnelHeaderLength { get; }

    /// <summary>Octets this encapsulation adds, its outer IP header included.</summary>
    public int Overhead => OuterHeaderLength + TunnelHeaderLength;

    /// <summary>IP protocol of the outer packet.</summary>
    /// <param name="innerV6">The packet inside is IPv6.</param>
    public abstract byte ProtocolFor(bool innerV6);
}

/// <summary>
/// IP directly in IP: IPIP (RFC 2003), 6in4 (RFC 4213), 4in6 and ip6ip6 (RFC 2473), by the two families. No encapsulation limit option is
/// sent.
/// </summary>
public sealed record IpIpEncapsulation : Encapsulation
{
    /// <inheritdoc/>
    public override int TunnelHeaderLength => 0;

    /// <inheritdoc/>
    public override byte ProtocolFor(bool innerV6) => innerV6 ? IpProtocol.IPv6 : IpProtocol.IpIp;
}

/// <summary>GRE (RFC 2784, RFC 2890).</summary>
public sealed record GreEncapsulation : Encapsulation
{
    /// <summary>The key; null for none.</summary>
    public uint? Key { get; init; }

    /// <summary>Carries a checksum.</summary>
    public bool Checksum { get; init; }

    /// <summary>Carries a sequence number.</summary>
    public bool Sequence { get; init; }

    /// <inheritdoc/>
    public override int TunnelHeaderLength => 4 + (Checksum ? 4 : 0) + (Key is null ? 0 : 4) + (Sequence ? 4 : 0);

    /// <inheritdoc/>
    public override byte ProtocolFor(bool innerV6) => IpProtocol.Gre;
}

/// <summary>An encapsulation inside UDP.</summary>
public abstract record UdpEncapsulation : Encapsulation
{
    /// <summary>Destination port of the outer datagram.</summary>
    public required ushort Port { get; init; }

    /// <summary>Source port of the outer datagram; null hashes the flow inside, as the kernel does (udp_flow_src_port).</summary>
    public ushort? SourcePort { get; init; }

    /// <summary>Fills the UDP checksum over IPv4, where it may be 0; over IPv6 it is always filled (RFC 6935).</summary>
    public bool Checksum { get; init; }

    /// <summary>Octets between the UDP header and the IP packet inside.</summary>
    protected abstract int ShimLength { get; }

    /// <inheritdoc/>
    public sealed override int TunnelHeaderLength => UdpHeader.Length + ShimLength;

    /// <inheritdoc/>
    public sealed override byte ProtocolFor(bool innerV6) => IpProtocol.Udp;
}

/// <summary>Foo over UDP: the packet follows the UDP header.</summary>
public sealed record FouEncapsulation : UdpEncapsulation
{
    /// <inheritdoc/>
    protected override int ShimLength => 0;
}

/// <summary>Generic UDP encapsulation (draft-ietf-intarea-gue; net/ipv4/fou_core.c).</summary>
public sealed record GueEncapsulation : UdpEncapsulation
{
    /// <summary>IANA's port.</summary>
    public const ushort DefaultPort = 6080;

    /// <summary>The private flag that says that a remote checksum offload field follows; the only one Linux knows.</summary>
    public const uint RemoteChecksumFlag = 0x8000_0000;

    /// <summary>The flag that says that private flags follow; the only one Linux knows.</summary>
    internal const ushort PrivateFlag = 0x0001;

    /// <summary>Variant 1: the packet follows the UDP header, its version bits are the GUE header.</summary>
    public bool Variant1 { get; init; }

    /// <summary>Private flags, 32 bits; null sends no such field.</summary>
    public uint? PrivateFlags { get; init; }

    /// <summary>
    /// Carries the remote checksum offload field, see <see cref="RemoteChecksumFlag"/>; the outer UDP checksum is then always filled.
    /// </summary>
    public bool RemoteChecksum { get; init; }

    /// <inheritdoc/>
    protected override int ShimLength => Variant1 ? 0 : 4 + (PrivateFlags is not null || RemoteChecksum ? 4 : 0) + (RemoteChecksum ? 4 : 0);
}

/// <summary>An encapsulation whose inside is an Ethernet frame.</summary>
public abstract record EthernetEncapsulation : UdpEncapsulation
{
    /// <summary>Octets of an Ethernet header.</summary>
    protected internal const int EthernetLength = 14;

    /// <summary>Virtual network identifier, 24 bits.</summary>
    public required uint Vni { get; init; }

    /// <summary>Destination MAC of the frame inside, 48 bits; null where the neighbour or FDB must name it.</summary>
    public ulong? Mac { get; init; }
}

/// <summary>VXLAN (RFC 7348).</summary>
public sealed record VxlanEncapsulation : EthernetEncapsulation
{
    /// <summary>IANA's port.</summary>
    public const ushort DefaultPort = 4789;

    /// <inheritdoc/>
    protected override int ShimLength => 8 + EthernetLength;
}

/// <summary>Geneve (RFC 8926), without options.</summary>
public sealed record GeneveEncapsulation : EthernetEncapsulation
{
    /// <summary>IANA's port.</summary>
    public const ushort DefaultPort = 6081;

    /// <inheritdoc/>
    protected override int ShimLength => 8 + EthernetLength;
}
