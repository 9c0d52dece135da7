using System.Buffers.Binary;

namespace Probe.Core.Packets;

/// <summary>
/// Takes outer headers off, by the rules of Linux's receivers: what they drop is refused here (net/ipv4/fou_core.c, net/ipv4/gre_demux.c,
/// drivers/net/vxlan, drivers/net/geneve.c). A port or a protocol number alone proves nothing: what is inside has to be an IP packet.
/// </summary>
public static class EncapsulationReader
{
    /// <summary>
    /// Takes one layer off. A checksum that was left to the receiver stays as the sender wrote it, see <see cref="TryDecapsulate"/>.
    /// </summary>
    /// <param name="layer">What the tunnel's end expects: type, port, key, VNI, MAC. Its addresses are not compared.</param>
    /// <param name="outerPacket">A whole packet from its outer IP header on.</param>
    /// <param name="inner">The IP packet inside, without padding after it.</param>
    /// <param name="error">Why the packet is not taken.</param>
    public static bool TryUnwrap(Encapsulation layer, ReadOnlySpan<byte> outerPacket, out ReadOnlySpan<byte> inner, out UnwrapError error)
    {
        error = Find(layer, outerPacket, out var place);
        inner = error == UnwrapError.None ? outerPacket.Slice(place.Start, place.Length) : default;
        return error == UnwrapError.None;
    }

    /// <summary>Takes one layer off in place, and writes the checksum inside where it was left to the receiver.</summary>
    /// <param name="layer">As for <see cref="TryUnwrap"/>.</param>
    /// <param name="outerPacket">A whole packet from its outer IP header on.</param>
    /// <param name="inner">The IP packet inside, as its sender meant it.</param>
    /// <param name="error">Why the packet is not taken.</param>
    public static bool TryDecapsulate(Encapsulation layer, Span<byte> outerPacket, out Span<byte> inner, out UnwrapError error)
    {
        inner = default;
        error = Find(layer, outerPacket, out var place);
        if (error != UnwrapError.None)
        {
            return false;
        }

        inner = outerPacket.Slice(place.Start, place.Length);
        place.Offload?.Complete(inner);
        return true;
    }

    private static UnwrapError Find(Encapsulation layer, ReadOnlySpan<byte> packet, out Place place)
    {
        place = default;
        if (!IpPacket.TryRead(packet, out var ip) || ip.Truncated || !ip.HeaderChecksumValid)
        {
            return UnwrapError.OuterHeader;
        }

        if (ip.FragmentOffset > 0 || ip.MoreFragments)
        {
            return UnwrapError.Fragment;
        }

        var error = layer switch
        {
            IpIpEncapsulation => ReadIpIp(ip, out place),
            GreEncapsulation gre => ReadGre(gre, ip, out place),
            UdpEncapsulation udp => ReadUdp(udp, ip, out place),
            _ => throw new ArgumentException($"{layer.GetType().Name} cannot be read.", nameof(layer)),
        };
        if (error != UnwrapError.None)
        {
            return error;
        }

        var inside = ip.Payload[place.Start..(place.End == 0 ? ip.Payload.Length : place.End)];
        if (!IsSound(inside, place.V6, out place.Length))
        {
            return UnwrapError.InnerHeader;
        }

        if (place.Offload is { } offload && !offload.Fits(place.Length))
        {
            return UnwrapError.RemoteChecksum;
        }

        place.Start += ip.HeaderLength;
        return UnwrapError.None;
    }

    private static bool IsSound(ReadOnlySpan<byte> inside, bool v6, out int length)
    {
        length = 0;
        if (!IpPacket.TryRead(inside, out var ip) || ip.IsV6 != v6 || ip.Truncated || !ip.HeaderChecksumValid)
        {
            return false;
        }

        length = ip.TotalLength;
        return true;
    }

    private static UnwrapError ReadIpIp(in IpPacket ip, out Place place)
    {
        place = new Place { V6 = ip.Protocol == IpProtocol.IPv6 };
        return ip.Protocol is IpProtocol.IpIp or IpProtocol.IPv6 ? UnwrapError.None : UnwrapError.Protocol;
    }

    private static UnwrapError ReadGre(GreEncapsulation gre, in IpPacket ip, out Place place)
    {
        place = default;
        if (ip.Protocol != IpProtocol.Gre)
        {
            return UnwrapError.Protocol;
        }

        var tunnel = ip.Payload;
        if (tunnel.Length < 4)
        {
            return UnwrapError.HeaderLength;
        }

        var (checksum, routing, key, sequence) =
            ((tunnel[0] & 0x80) != 0, (tunnel[0] & 0x40) != 0, (tunnel[0] & 0x20) != 0, (tunnel[0] & 0x10) != 0);
        if ((tunnel[1] & 7) != 0)
        {
            return UnwrapError.Version;
        }

        var length = 4 + (checksum ? 4 : 0) + (key ? 4 : 0) + (sequence ? 4 : 0);
        if (tunnel.Length < length)
        {
            return UnwrapError.HeaderLength;
        }

        // The end drops a checksum it was not told of as well as a missing one (ip_tunnel_rcv); a sequence number only where it is missing.
        if (routing || checksum != gre.Checksum || (gre.Sequence && !sequence))
        {
            return UnwrapError.Flags;
        }

        if (checksum && Checksum.Of(tunnel) != 0)
        {
            return UnwrapError.Checksum;
        }

        uint? sent = key ? BinaryPrimitives.ReadUInt32BigEndian(tunnel[(checksum ? 8 : 4)..]) : null;
        return sent == gre.Key ? ReadEtherType(tunnel[2..], length, out place) : UnwrapError.Key;
    }

    private static UnwrapError ReadUdp(UdpEncapsulation layer, in IpPacket ip, out Place place)
    {
        place = default;
        if (ip.Protocol != IpProtocol.Udp)
        {
            return UnwrapError.Protocol;
        }

        if (!UdpHeader.TryRead(ip.Payload, out var udp) || udp.DatagramLength > ip.Payload.Length
            || !TransportChecksum.IsValid(ip.Payload[..udp.DatagramLength], IpProtocol.Udp, ip.Source, ip.Destination))
        {
            return UnwrapError.Checksum;
        }

        if (udp.DestinationPort != layer.Port)
        {
            return UnwrapError.Port;
        }

        var error = layer switch
        {
            FouEncapsulation => ReadVersion(udp.Payload, out place),
            GueEncapsulation => ReadGue(udp.Payload, out place),
            VxlanEncapsulation vxlan => ReadVxlan(vxlan, udp.Payload, out place),
            GeneveEncapsulation geneve => ReadGeneve(geneve, udp.Payload, out place),
            _ => throw new ArgumentException($"{layer.GetType().Name} cannot be read.", nameof(layer)),
        };
        place.Start += UdpHeader.Length;
        place.End = udp.DatagramLength;
        return error;
    }

    private static UnwrapError ReadVersion(ReadOnlySpan<byte> inside, out Place place)
    {
        place = new Place { V6 = inside is [>= 0x60 and <= 0x6f, ..] };
        return inside is [>= 0x40 and <= 0x4f, ..] || place.V6 ? UnwrapError.None : UnwrapError.InnerHeader;
    }

    // A port that takes GUE takes both variants: the first two bits tell them apart.
    private static UnwrapError ReadGue(ReadOnlySpan<byte> shim, out Place place)
    {
        place = default;
        if (shim.Length < 4)
        {
            return UnwrapError.HeaderLength;
        }

        switch (shim[0] >> 6)
        {
            case 0:
                break;
            case 1:
                return ReadVersion(shim, out place);
            default:
                return UnwrapError.Version;
        }

        var options = (shim[0] & 0x1f) * 4;
        if (shim.Length < 4 + options)
        {
            return UnwrapError.HeaderLength;
        }

        var flags = BinaryPrimitives.ReadUInt16BigEndian(shim[2..]);
        var error = (flags & ~GueEncapsulation.PrivateFlag) != 0 ? UnwrapError.Flags
            : flags == 0 ? UnwrapError.None
            : ReadPrivate(shim[4..(4 + options)], ref place);
        if (error != UnwrapError.None)
        {
            return error;
        }

        if ((shim[0] & 0x20) != 0)
        {
            return UnwrapError.Control;
        }

        place.Start = 4 + options;
        place.V6 = shim[1] == IpProtocol.IPv6;
        return shim[1] is IpProtocol.IpIp or IpProtocol.IPv6 ? UnwrapError.None : UnwrapError.InnerHeader;
    }

    private static UnwrapError ReadPrivate(ReadOnlySpan<byte> options, ref Place place)
    {
        if (options.Length < 4)
        {
            return UnwrapError.HeaderLength;
        }

        var flags = BinaryPrimitives.ReadUInt32BigEndian(options);
        if ((flags & ~GueEncapsulation.RemoteChecksumFlag) != 0)
        {
            return UnwrapError.Flags;
        }

        if (flags == 0)
        {
            return UnwrapError.None;
        }

        if (options.Length < 8)
        {
            return UnwrapError.HeaderLength;
        }

        place.Offload =
            new RemoteChecksum(BinaryPrimitives.ReadUInt16BigEndian(options[4..]), BinaryPrimitives.ReadUInt16BigEndian(options[6..]));
        return UnwrapError.None;
    }

    private static UnwrapError ReadVxlan(VxlanEncapsulation layer, ReadOnlySpan<byte> shim, out Place place)
    {
        place = default;
        if (shim.Length < 8)
        {
            return UnwrapError.HeaderLength;
        }

        // Linux drops a header with any bit beside I and the VNI (vxlan_rcv).
        if (BinaryPrimitives.ReadUInt32BigEndian(shim) != 0x0800_0000 || shim[7] != 0)
        {
            return UnwrapError.Flags;
        }

        return ReadFrame(layer, shim, 8, out place);
    }

    private static UnwrapError ReadGeneve(GeneveEncapsulation layer, ReadOnlySpan<byte> shim, out Place place)
    {
        place = default;
        if (shim.Length < 8)
        {
            return UnwrapError.HeaderLength;
        }

        if (shim[0] >> 6 != 0)
        {
            return UnwrapError.Version;
        }

        if ((shim[1] & 0xc0) != 0)
        {
            return UnwrapError.Control;
        }

        var length = 8 + (shim[0] & 0x3f) * 4;
        return BinaryPrimitives.ReadUInt16BigEndian(shim[2..]) != EncapsulationWriter.EtherTypeEthernet ? UnwrapError.InnerHeader
            : shim.Length < length ? UnwrapError.HeaderLength
            : ReadFrame(layer, shim, length, out place);
    }

    private static UnwrapError ReadFrame(EthernetEncapsulation layer, ReadOnlySpan<byte> shim, int at, out Place place)
    {
        place = default;
        if (BinaryPrimitives.ReadUInt32BigEndian(shim[4..]) >> 8 != layer.Vni)
        {
            return UnwrapError.Vni;
        }

        var frame = shim[at..];
        if (frame.Length < EthernetEncapsulation.EthernetLength)
        {
            return UnwrapError.HeaderLength;
        }

        return layer.Mac is { } mac && BinaryPrimitives.ReadUInt64BigEndian(frame) >> 16 != mac
            ? UnwrapError.Mac
            : ReadEtherType(frame[12..], at + EthernetEncapsulation.EthernetLength, out place);
    }

    private static UnwrapError ReadEtherType(ReadOnlySpan<byte> field, int start, out Place place)
    {
        var type = BinaryPrimitives.ReadUInt16BigEndian(field);
        place = new Place { Start = start, V6 = type == EncapsulationWriter.EtherTypeIPv6 };
        return type is EncapsulationWriter.EtherTypeIPv4 or EncapsulationWriter.EtherTypeIPv6 ? UnwrapError.None : UnwrapError.InnerHeader;
    }

    /// <summary>Where the packet inside stands, and what is left to do with it.</summary>
    private struct Place
    {
        public int Start;

        /// <summary>End of the room for it; 0 for that of the outer packet.</summary>
        public int End;
        public int Length;
        public bool V6;
        public RemoteChecksum? Offload;
    }
}
