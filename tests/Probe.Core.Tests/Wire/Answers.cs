using System.Buffers.Binary;
using Probe.Core.Packets;

namespace Probe.Core.Tests.Wire;

/// <summary>Writes answers to probes as routers and targets would.</summary>
internal static class Answers
{
    /// <summary>An ICMP error from <paramref name="from"/> that quotes the first octets of a packet.</summary>
    public static byte[] Error(byte[] probe, IpAddress from, byte type, byte code, int quoted = int.MaxValue, uint rest = 0, Action<byte[]>? rewrite = null)
    {
        var quote = probe.ToArray();
        rewrite?.Invoke(quote);
        quote = quote[..Math.Min(quote.Length, quoted)];
        Assert.True(IpPacket.TryRead(probe, out var packet));
        var message = new byte[IcmpMessage.HeaderLength + quote.Length];
        IcmpMessage.Write(message, packet.IsV6, type, code, rest, quote);
        return Wrap(message, packet.IsV6 ? IpProtocol.IcmpV6 : IpProtocol.Icmp, from, packet.Source);
    }

    public static byte[] EchoReply(byte[] probe, IpAddress from)
    {
        Assert.True(IpPacket.TryRead(probe, out var packet));
        var message = packet.Payload.ToArray();
        message[0] = packet.IsV6 ? (byte)129 : (byte)0;
        return Wrap(message, packet.Protocol, from, packet.Source);
    }

    public static byte[] Tcp(byte[] probe, IpAddress from, TcpFlags flags, uint acknowledges = 1)
    {
        Assert.True(IpPacket.TryRead(probe, out var packet));
        Assert.True(TcpHeader.TryRead(packet.Payload, out var syn));
        var segment = new byte[TcpHeader.MinimumLength];
        TcpHeader.Write(segment, new TcpFields
        {
            SourcePort = syn.DestinationPort,
            DestinationPort = syn.SourcePort,
            Sequence = 99,
            Acknowledgment = syn.Sequence + acknowledges,
            Flags = flags | TcpFlags.Ack,
        }, default);
        return Wrap(segment, IpProtocol.Tcp, from, packet.Source);
    }

    public static byte[] Udp(byte[] probe, IpAddress from, byte[]? payload = null)
    {
        Assert.True(IpPacket.TryRead(probe, out var packet));
        Assert.True(UdpHeader.TryRead(packet.Payload, out var sent));
        payload ??= sent.Payload.ToArray();
        var datagram = new byte[UdpHeader.Length + payload.Length];
        UdpHeader.Write(datagram, sent.DestinationPort, sent.SourcePort, payload.Length);
        payload.CopyTo(datagram, UdpHeader.Length);
        return Wrap(datagram, IpProtocol.Udp, from, packet.Source);
    }

    /// <summary>What a source NAT leaves in the packet that a router behind it quotes: other address and port, checksum adjusted.</summary>
    public static void TranslateSource(byte[] packet, IpAddress address, ushort port)
    {
        Assert.True(IpPacket.TryRead(packet, out var before));
        var (protocol, destination, header) = (before.Protocol, before.Destination, before.HeaderLength);
        address.WriteTo(packet.AsSpan(before.IsV6 ? 8 : 12));
        var segment = packet.AsSpan(header);
        var portAt = protocol is IpProtocol.Icmp or IpProtocol.IcmpV6 ? 4 : 0;
        BinaryPrimitives.WriteUInt16BigEndian(segment[portAt..], port);
        TransportChecksum.Write(segment, protocol, address, destination);
    }

    private static byte[] Wrap(byte[] payload, byte protocol, IpAddress from, IpAddress to)
    {
        TransportChecksum.Write(payload, protocol, from, to);
        var packet = new byte[(from.IsV6 ? IPv6Header.Length : IPv4Header.MinimumLength) + payload.Length];
        var header = from.IsV6
            ? IPv6Header.Write(packet, new IPv6Fields { HopLimit = 60, NextHeader = protocol, Source = from, Destination = to }, payload.Length)
            : IPv4Header.Write(packet, new IPv4Fields { Ttl = 60, Protocol = protocol, Source = from, Destination = to }, payload.Length);
        payload.CopyTo(packet, header);
        return packet;
    }
}
