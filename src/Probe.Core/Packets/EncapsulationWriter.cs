using System.Buffers.Binary;
using System.Collections.Immutable;

namespace Probe.Core.Packets;

/// <summary>What the outer headers of one packet say beyond what their encapsulations fix.</summary>
public readonly record struct OuterFields
{
    /// <summary>Identification of every outer IPv4 header; 0 lets the kernel choose where DF is not set.</summary>
    public ushort Id { get; init; }

    /// <summary>TTL or hop limit of the outermost header; 0 leaves it to the encapsulation.</summary>
    public byte Ttl { get; init; }

    /// <summary>GRE sequence number, where one is sent.</summary>
    public uint Sequence { get; init; }

    /// <summary>Source address of each layer, outermost first; default takes the layers' own.</summary>
    public ImmutableArray<IpAddress> Sources { get; init; }
}

/// <summary>Puts outer headers before an IP packet.</summary>
public static class EncapsulationWriter
{
    /// <summary>TTL of an outer header for which nothing else is said.</summary>
    public const byte DefaultTtl = 64;

    /// <summary>Source MAC of frames inside a tunnel: locally administered, its last five octets say "Probe".</summary>
    public const ulong SourceMac = 0x0250_726f_6265;

    internal const ushort EtherTypeIPv4 = 0x0800;
    internal const ushort EtherTypeIPv6 = 0x86dd;
    internal const ushort EtherTypeEthernet = 0x6558;

    /// <summary>
    /// Writes all outer headers, checksums included, before an IP packet. DSCP is copied outwards where the encapsulation names none, ECN
    /// always; a UDP source port that is not given is <see cref="FlowHash"/> of the packet inside, and so is an outer flow label.
    /// </summary>
    /// <param name="stack">The encapsulations.</param>
    /// <param name="packet">The inner IP packet stands at <see cref="EncapsulationStack.Overhead"/>; the room before it is written. Remote
    /// checksum offload alters its transport checksum.</param>
    /// <param name="innerLength">Octets of the inner packet.</param>
    /// <param name="fields">What differs from packet to packet.</param>
    /// <returns>Octets of the outer packet, which begins at 0.</returns>
    /// <exception cref="ArgumentException">A layer has no source, or one of the other family; a frame has no destination MAC; the sum
    /// exceeds 65535 octets; or remote checksum offload has nothing to offload.</exception>
    public static int Wrap(EncapsulationStack stack, Span<byte> packet, int innerLength, in OuterFields fields)
    {
        var at = stack.Overhead;
        var length = innerLength;
        var hash = FlowHash.Of(packet.Slice(at, length));
        for (var i = stack.Layers.Length - 1; i >= 0; i--)
        {
            var layer = stack.Layers[i];
            at -= layer.Overhead;
            length += layer.Overhead;
            Write(layer, packet.Slice(at, length), new Outside
            {
                Source = SourceOf(layer, fields, i),
                Ttl = i == 0 && fields.Ttl != 0 ? fields.Ttl : layer.Ttl ?? DefaultTtl,
                Id = fields.Id,
                Sequence = fields.Sequence,
                Hash = hash,
            });
        }

        return length;
    }

    private static IpAddress SourceOf(Encapsulation layer, in OuterFields fields, int index)
    {
        var source = fields.Sources.IsDefault ? layer.Source : fields.Sources[index];
        return source.Length == layer.Remote.Length
            ? source : throw new ArgumentException($"The tunnel to {layer.Remote} has no source address of its family.", nameof(fields));
    }

    private static void Write(Encapsulation layer, Span<byte> packet, in Outside outside)
    {
        var inner = packet[layer.Overhead..];
        var innerV6 = inner[0] >> 4 == 6;
        WriteIp(layer, packet, innerV6, InnerTrafficClass(inner, innerV6), outside);
        var tunnel = packet[layer.OuterHeaderLength..];
        switch (layer)
        {
            case GreEncapsulation gre:
                WriteGre(gre, tunnel, innerV6, outside.Sequence);
                break;
            case UdpEncapsulation udp:
                WriteShim(udp, tunnel[UdpHeader.Length..], innerV6);
                WriteUdp(udp, tunnel, outside);
                break;
            case IpIpEncapsulation:
                break;
            default:
                throw new ArgumentException($"{layer.GetType().Name} cannot be written.", nameof(layer));
        }
    }

    private static byte InnerTrafficClass(ReadOnlySpan<byte> inner, bool innerV6) =>
        innerV6 ? (byte)(inner[0] << 4 | inner[1] >> 4) : inner[1];

    private static void WriteIp(Encapsulation layer, Span<byte> packet, bool innerV6, byte innerClass, in Outside outside)
    {
        var trafficClass = layer.Dscp is { } dscp ? (byte)(dscp << 2 | innerClass & 3) : innerClass;
        var protocol = layer.ProtocolFor(innerV6);
        var payload = packet.Length - layer.OuterHeaderLength;
        if (layer.Remote.IsV6)
        {
            IPv6Header.Write(packet, new IPv6Fields
            {
                TrafficClass = trafficClass,
                FlowLabel = FlowHash.Label(outside.Hash),
                NextHeader = protocol,
                HopLimit = outside.Ttl,
                Source = outside.Source,
                Destination = layer.Remote,
            }, payload);
        }
        else
        {
            IPv4Header.Write(packet, new IPv4Fields
            {
                TrafficClass = trafficClass,
                Id = outside.Id,
                DontFragment = layer.DontFragment ?? true,
                Ttl = outside.Ttl,
                Protocol = protocol,
                Source = outside.Source,
                Destination = layer.Remote,
            }, payload);
        }
    }

    private static void WriteGre(GreEncapsulation gre, Span<byte> tunnel, bool innerV6, uint sequence)
    {
        tunnel[0] = (byte)((gre.Checksum ? 0x80 : 0) | (gre.Key is null ? 0 : 0x20) | (gre.Sequence ? 0x10 : 0));
        tunnel[1] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(tunnel[2..], EtherType(innerV6));
        var next = 4;
        if (gre.Checksum)
        {
            tunnel[next..(next + 4)].Clear();
            next += 4;
        }

        if (gre.Key is { } key)
        {
            BinaryPrimitives.WriteUInt32BigEndian(tunnel[next..], key);
            next += 4;
        }

        if (gre.Sequence)
        {
            BinaryPrimitives.WriteUInt32BigEndian(tunnel[next..], sequence);
        }

        if (gre.Checksum)
        {
            BinaryPrimitives.WriteUInt16BigEndian(tunnel[4..], Checksum.Of(tunnel));
        }
    }

    private static void WriteShim(UdpEncapsulation layer, Span<byte> shim, bool innerV6)
    {
        switch (layer)
        {
            case GueEncapsulation { Variant1: false } gue:
                WriteGue(gue, shim, innerV6);
                break;
            case VxlanEncapsulation vxlan:
                BinaryPrimitives.WriteUInt32BigEndian(shim, 0x0800_0000);
                BinaryPrimitives.WriteUInt32BigEndian(shim[4..], vxlan.Vni << 8);
                WriteEthernet(vxlan, shim[8..], innerV6);
                break;
            case GeneveEncapsulation geneve:
                BinaryPrimitives.WriteUInt32BigEndian(shim, EtherTypeEthernet);
                BinaryPrimitives.WriteUInt32BigEndian(shim[4..], geneve.Vni << 8);
                WriteEthernet(geneve, shim[8..], innerV6);
                break;
            case FouEncapsulation or GueEncapsulation { Variant1: true }:
                break;
            default:
                throw new ArgumentException($"{layer.GetType().Name} cannot be written.", nameof(layer));
        }
    }

    private static void WriteGue(GueEncapsulation gue, Span<byte> shim, bool innerV6)
    {
        var withPrivate = gue.PrivateFlags is not null || gue.RemoteChecksum;
        shim[0] = (byte)((gue.TunnelHeaderLength - UdpHeader.Length - 4) / 4);
        shim[1] = innerV6 ? IpProtocol.IPv6 : IpProtocol.IpIp;
        BinaryPrimitives.WriteUInt16BigEndian(shim[2..], withPrivate ? GueEncapsulation.PrivateFlag : (ushort)0);
        if (withPrivate)
        {
            BinaryPrimitives.WriteUInt32BigEndian(shim[4..],
                (gue.PrivateFlags ?? 0) | (gue.RemoteChecksum ? GueEncapsulation.RemoteChecksumFlag : 0));
        }

        if (gue.RemoteChecksum)
        {
            var offload = RemoteChecksum.Offload(shim[12..]);
            BinaryPrimitives.WriteUInt16BigEndian(shim[8..], offload.Start);
            BinaryPrimitives.WriteUInt16BigEndian(shim[10..], offload.Field);
        }
    }

    private static void WriteEthernet(EthernetEncapsulation layer, Span<byte> frame, bool innerV6)
    {
        var mac = layer.Mac ?? throw new ArgumentException($"The tunnel to {layer.Remote} has no destination MAC.", nameof(layer));
        BinaryPrimitives.WriteUInt64BigEndian(frame, mac << 16);
        BinaryPrimitives.WriteUInt16BigEndian(frame[6..], (ushort)(SourceMac >> 32));
        BinaryPrimitives.WriteUInt32BigEndian(frame[8..], (uint)(SourceMac & uint.MaxValue));
        BinaryPrimitives.WriteUInt16BigEndian(frame[12..], EtherType(innerV6));
    }

    private static void WriteUdp(UdpEncapsulation layer, Span<byte> datagram, in Outside outside)
    {
        UdpHeader.Write(datagram, layer.SourcePort ?? FlowHash.Port(outside.Hash), layer.Port, datagram.Length - UdpHeader.Length);

        // Where the checksum inside is left to the far end, the outer one is all that protects the packet.
        if (layer.Checksum || layer.Remote.IsV6 || layer is GueEncapsulation { RemoteChecksum: true })
        {
            TransportChecksum.Write(datagram, IpProtocol.Udp, outside.Source, layer.Remote);
        }
    }

    private static ushort EtherType(bool innerV6) => innerV6 ? EtherTypeIPv6 : EtherTypeIPv4;

    private readonly record struct Outside
    {
        public IpAddress Source { get; init; }

        public byte Ttl { get; init; }

        public ushort Id { get; init; }

        public uint Sequence { get; init; }

        public uint Hash { get; init; }
    }
}
