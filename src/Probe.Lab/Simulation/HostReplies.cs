using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>Builds whole packets of a node's own: TCP segments, datagrams, echo replies.</summary>
internal static class HostReplies
{
    /// <summary>Answers a segment with a reset as RFC 9293 section 3.5.2 has it; a reset is never answered.</summary>
    public static void Reset(SimulatedNode node, SimulatedPacket packet, IpAddress from, long delayNs = 0)
    {
        if (packet.Protocol != IpProtocol.Tcp || from.IsNone || !TcpHeader.TryRead(packet.Payload, out var tcp)
            || (tcp.Flags & TcpFlags.Rst) != 0)
        {
            return;
        }

        var hasAck = (tcp.Flags & TcpFlags.Ack) != 0;
        var fields = new TcpFields
        {
            SourcePort = tcp.DestinationPort,
            DestinationPort = tcp.SourcePort,
            Sequence = hasAck ? tcp.Acknowledgment : 0,
            Acknowledgment = hasAck ? 0 : tcp.Sequence + Length(tcp),
            Flags = hasAck ? TcpFlags.Rst : TcpFlags.Rst | TcpFlags.Ack,
        };
        Segment(node, packet, from, fields, default, delayNs);
    }

    /// <summary>Octets of sequence space that a segment takes.</summary>
    public static uint Length(in TcpHeader tcp) =>
        (uint)tcp.Payload.Length + ((tcp.Flags & TcpFlags.Syn) != 0 ? 1u : 0) + ((tcp.Flags & TcpFlags.Fin) != 0 ? 1u : 0);

    /// <summary>Sends a segment without data back to where a packet came from.</summary>
    public static void Segment(SimulatedNode node, SimulatedPacket packet, IpAddress from, in TcpFields fields, ReadOnlySpan<byte> options,
        long delayNs) =>
        Segment(node, from, packet.Source, fields, options, packet, delayNs);

    public static void Segment(
        SimulatedNode node, IpAddress from, IpAddress to, in TcpFields fields, ReadOnlySpan<byte> options, SimulatedPacket? cause,
        long delayNs)
    {
        Span<byte> buffer = stackalloc byte[IPv6Header.Length + TcpHeader.MaximumLength];
        var header = HeaderLength(to);
        var segment = buffer[header..];
        segment = segment[..TcpHeader.Write(segment, fields, options)];
        TransportChecksum.Write(segment, IpProtocol.Tcp, from, to);
        WriteHeader(node, buffer, from, to, IpProtocol.Tcp, segment.Length, 0);
        node.Send(buffer[..(header + segment.Length)], cause, delayNs);
    }

    /// <summary>Sends a datagram back to where one came from.</summary>
    public static void Datagram(SimulatedNode node, SimulatedPacket packet, in UdpHeader udp, ReadOnlySpan<byte> payload, long delayNs)
    {
        var (from, to) = (packet.Destination, packet.Source);
        var header = HeaderLength(to);
        var buffer = new byte[header + UdpHeader.Length + payload.Length];
        var datagram = buffer.AsSpan(header);
        UdpHeader.Write(datagram, udp.DestinationPort, udp.SourcePort, payload.Length);
        payload.CopyTo(datagram[UdpHeader.Length..]);
        TransportChecksum.Write(datagram, IpProtocol.Udp, from, to);
        WriteHeader(node, buffer, from, to, IpProtocol.Udp, datagram.Length, packet.TrafficClass);
        node.Send(buffer, packet, delayNs);
    }

    /// <summary>Answers an echo request in its own buffer, which is used up.</summary>
    public static void Echo(SimulatedNode node, SimulatedPacket packet, long delayNs)
    {
        // Linux answers with the class of the request, and the reply is no longer than it: the octets can be turned round in place.
        var (from, to) = (packet.Destination, packet.Source);
        var header = HeaderLength(to);
        var message = packet.Payload;
        message[0] = packet.IsV6 ? IcmpType.EchoReplyV6 : IcmpType.EchoReply;
        TransportChecksum.Write(message, packet.Protocol, from, to);
        var isV6 = packet.IsV6;
        var start = packet.HeaderLength - header;
        var reply = packet.Octets[start..];
        var length = message.Length;
        WriteHeader(node, reply, from, to, isV6 ? IpProtocol.IcmpV6 : IpProtocol.Icmp, length, packet.TrafficClass);
        node.Send(reply, packet, delayNs);
    }

    private static int HeaderLength(IpAddress address) => address.IsV6 ? IPv6Header.Length : IPv4Header.MinimumLength;

    private static void WriteHeader(SimulatedNode node, Span<byte> packet, IpAddress from, IpAddress to, byte protocol, int length,
        byte trafficClass)
    {
        if (to.IsV6)
        {
            IPv6Header.Write(packet, new IPv6Fields
            {
                TrafficClass = trafficClass,
                NextHeader = protocol,
                HopLimit = node.Spec.Errors.InitialTtl,
                Source = from,
                Destination = to,
            }, length);
            return;
        }

        IPv4Header.Write(packet, new IPv4Fields
        {
            TrafficClass = trafficClass,
            Id = protocol == IpProtocol.Tcp ? (ushort)0 : node.NextId(),
            DontFragment = protocol == IpProtocol.Tcp || node.Spec.Host is { DontFragment: true },
            Ttl = node.Spec.Errors.InitialTtl,
            Protocol = protocol,
            Source = from,
            Destination = to,
        }, length);
    }
}
