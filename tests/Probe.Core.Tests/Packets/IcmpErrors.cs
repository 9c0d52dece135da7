using Probe.Core.Packets;
using static Probe.Core.Tests.Packets.Octets;

namespace Probe.Core.Tests.Packets;

/// <summary>ICMP errors as routers build them, well and badly.</summary>
internal static class IcmpErrors
{
    public static readonly IpAddress Source4 = IpAddress.Parse("192.0.2.1");
    public static readonly IpAddress Target4 = IpAddress.Parse("203.0.113.9");
    public static readonly IpAddress Source6 = IpAddress.Parse("2001:db8::1");
    public static readonly IpAddress Target6 = IpAddress.Parse("2001:db8:9::9");

    /// <summary>Two labels: 16004 with traffic class 5, then 299776 at the bottom; TTL 1 both.</summary>
    public const string MplsStructure = "200046d8 000c0101 03e84a01 49300101";

    public static readonly MplsLabel[] MplsLabels = [new(16004, 5, false, 1), new(299776, 0, true, 1)];

    /// <summary>A probe of a family: UDP with a payload of counted octets, so that no octet of it can be padding.</summary>
    public static byte[] UdpProbe(bool isV6, int size)
    {
        var packet = new byte[size];
        var header = isV6
            ? IPv6Header.Write(packet, new IPv6Fields { NextHeader = IpProtocol.Udp, HopLimit = 1, Source = Source6, Destination = Target6 }, size - 40)
            : IPv4Header.Write(packet, new IPv4Fields { Id = 77, Ttl = 1, Protocol = IpProtocol.Udp, Source = Source4, Destination = Target4 }, size - 20);
        var datagram = packet.AsSpan(header);
        UdpHeader.Write(datagram, 50000, 33434, datagram.Length - 8);
        Counting(datagram.Length - 8).CopyTo(datagram[8..]);
        TransportChecksum.Write(datagram, IpProtocol.Udp, isV6 ? Source6 : Source4, isV6 ? Target6 : Target4);
        return packet;
    }

    /// <summary>A probe cut or padded with zeros to a length.</summary>
    public static byte[] Resized(byte[] probe, int length)
    {
        var quote = new byte[length];
        probe.AsSpan(0, Math.Min(length, probe.Length)).CopyTo(quote);
        return quote;
    }

    /// <summary>An error of a family whose length field counts words of 4 (IPv4) or 8 (IPv6) octets.</summary>
    public static byte[] Error(bool isV6, byte type, byte code, int lengthField, params byte[][] body)
    {
        var octets = Join(body);
        var message = new byte[8 + octets.Length];
        IcmpMessage.Write(message, isV6, type, code, (uint)lengthField << (isV6 ? 24 : 16), octets);
        TransportChecksum.Write(message, isV6 ? IpProtocol.IcmpV6 : IpProtocol.Icmp, isV6 ? Target6 : Target4, isV6 ? Source6 : Source4);
        return message;
    }

    /// <summary>A time exceeded.</summary>
    public static byte[] TimeExceeded(bool isV6, int lengthField, params byte[][] body) =>
        Error(isV6, isV6 ? IcmpType.TimeExceededV6 : IcmpType.TimeExceeded, 0, lengthField, body);

    /// <summary>An extension structure of objects with a right checksum.</summary>
    public static byte[] Structure(string objects)
    {
        var structure = Join(Hex("20000000"), Hex(objects));
        var checksum = Checksum.Of(structure);
        structure[2] = (byte)(checksum >> 8);
        structure[3] = (byte)checksum;
        return structure;
    }
}
