using Probe.Core.Packets;
using Probe.Lab.Simulation;

namespace Probe.Lab.Tests.Simulation;

/// <summary>Raw packets from the vantage host to the target of the ready-made networks, their checksums right.</summary>
internal static class Probes
{
    public static byte[] Echo(int ttl = 64, bool isV6 = false, ushort id = 7, ushort sequence = 1, int size = 0, bool dontFragment = true, byte trafficClass = 0, IpAddress? to = null)
    {
        var body = new byte[Math.Max(0, (size == 0 ? Header(isV6) + 40 : size) - Header(isV6) - IcmpMessage.HeaderLength)];
        var message = new byte[IcmpMessage.HeaderLength + body.Length];
        IcmpMessage.Write(message, isV6, isV6 ? IcmpType.EchoRequestV6 : IcmpType.EchoRequest, 0, (uint)(id << 16 | sequence), body);
        return Packet(isV6 ? IpProtocol.IcmpV6 : IpProtocol.Icmp, message, ttl, isV6, dontFragment, trafficClass, to: to);
    }

    public static byte[] Udp(int ttl = 64, bool isV6 = false, ushort from = 40000, ushort to = 33434, int size = 0, byte fill = 0, IpAddress? target = null)
    {
        var payload = new byte[(size == 0 ? Header(isV6) + 40 : size) - Header(isV6) - UdpHeader.Length];
        payload.AsSpan().Fill(fill);
        var datagram = new byte[UdpHeader.Length + payload.Length];
        UdpHeader.Write(datagram, from, to, payload.Length);
        payload.CopyTo(datagram, UdpHeader.Length);
        return Packet(IpProtocol.Udp, datagram, ttl, isV6, to: target);
    }

    public static byte[] Tcp(int ttl = 64, bool isV6 = false, ushort from = 40000, ushort to = 80, TcpFlags flags = TcpFlags.Syn, uint sequence = 1000, uint acknowledgment = 0, int data = 0, IpAddress? target = null, IpAddress? source = null)
    {
        var segment = new byte[TcpHeader.MinimumLength + data];
        TcpHeader.Write(segment, new TcpFields { SourcePort = from, DestinationPort = to, Sequence = sequence, Acknowledgment = acknowledgment, Flags = flags, Window = 64240 });
        return Packet(IpProtocol.Tcp, segment, ttl, isV6, to: target, from: source);
    }

    public static byte[] Of(Protocols protocol, int ttl, bool isV6) => protocol switch
    {
        Protocols.Icmp => Echo(ttl, isV6),
        Protocols.Udp => Udp(ttl, isV6),
        _ => Tcp(ttl, isV6),
    };

    public static byte[] Packet(byte protocol, byte[] segment, int ttl, bool isV6, bool dontFragment = true, byte trafficClass = 0, uint flowLabel = 0, IpAddress? to = null, IpAddress? from = null)
    {
        var (source, target) = isV6 ? (TopologyBuilder.VantageV6, TopologyBuilder.TargetV6) : (TopologyBuilder.VantageV4, TopologyBuilder.TargetV4);
        (source, target) = (from ?? source, to ?? target);
        if (ProtocolSets.Of(protocol) != Protocols.Other)
        {
            TransportChecksum.Write(segment, protocol, source, target);
        }

        var packet = new byte[Header(isV6) + segment.Length];
        _ = isV6
            ? IPv6Header.Write(packet, new IPv6Fields { TrafficClass = trafficClass, FlowLabel = flowLabel, NextHeader = protocol, HopLimit = (byte)ttl, Source = source, Destination = target }, segment.Length)
            : IPv4Header.Write(packet, new IPv4Fields { TrafficClass = trafficClass, Id = 4711, DontFragment = dontFragment, Ttl = (byte)ttl, Protocol = protocol, Source = source, Destination = target }, segment.Length);
        segment.CopyTo(packet, Header(isV6));
        return packet;
    }

    private static int Header(bool isV6) => isV6 ? IPv6Header.Length : IPv4Header.MinimumLength;
}
