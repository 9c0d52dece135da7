using Probe.Core.Packets;

namespace Probe.Core.Tests.Wire;

/// <summary>Whole IP packets for tests of the kernel's side.</summary>
internal static class TestPackets
{
    public static byte[] Echo(IpAddress source, IpAddress target, ushort id, ushort sequence, byte ttl = 64, int size = 64)
    {
        var (packet, header) = Start(source, target, source.IsV4 ? IpProtocol.Icmp : IpProtocol.IcmpV6, ttl, size);
        IcmpMessage.Write(packet.AsSpan(header), source.IsV6, source.IsV6 ? (byte)128 : (byte)8, 0, (uint)id << 16 | sequence, new byte[size - header - 8]);
        TransportChecksum.Write(packet.AsSpan(header), source.IsV4 ? IpProtocol.Icmp : IpProtocol.IcmpV6, source, target);
        return packet;
    }

    public static byte[] Udp(IpAddress source, IpAddress target, ushort from, ushort to, byte ttl = 64, int size = 64)
    {
        var (packet, header) = Start(source, target, IpProtocol.Udp, ttl, size);
        UdpHeader.Write(packet.AsSpan(header), from, to, size - header - UdpHeader.Length);
        TransportChecksum.Write(packet.AsSpan(header), IpProtocol.Udp, source, target);
        return packet;
    }

    public static byte[] Syn(IpAddress source, IpAddress target, ushort from, ushort to, byte ttl = 64, int size = 0)
    {
        var headers = (source.IsV4 ? 20 : 40) + TcpHeader.MinimumLength;
        var (packet, header) = Start(source, target, IpProtocol.Tcp, ttl, Math.Max(size, headers));
        TcpHeader.Write(packet.AsSpan(header), new TcpFields { SourcePort = from, DestinationPort = to, Sequence = 0x01020304, Flags = TcpFlags.Syn, Window = 1024 }, []);
        TransportChecksum.Write(packet.AsSpan(header), IpProtocol.Tcp, source, target);
        return packet;
    }

    private static (byte[] Packet, int Header) Start(IpAddress source, IpAddress target, byte protocol, byte ttl, int size)
    {
        var packet = new byte[size];
        var header = source.IsV4
            ? IPv4Header.Write(
                packet,
                new IPv4Fields { Id = 4711, DontFragment = true, Ttl = ttl, Protocol = protocol, Source = source, Destination = target },
                size - IPv4Header.MinimumLength)
            : IPv6Header.Write(
                packet,
                new IPv6Fields { FlowLabel = 0x12345, NextHeader = protocol, HopLimit = ttl, Source = source, Destination = target },
                size - IPv6Header.Length);
        return (packet, header);
    }
}
