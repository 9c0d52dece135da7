using System.Buffers.Binary;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;

namespace Probe.Core.Probing;

/// <summary>
/// Builds the octets of a probe packet: its own IP header, its own checksums, its cookie in every field that an answer brings back.
/// </summary>
public sealed class ProbeWriter
{
    // What Linux itself sends with a SYN: MSS, SACK permitted, timestamps, NOP, window scale. Middleboxes see nothing odd.
    private const int SynOptionsLength = 20;
    private const ushort SynWindow = 64240;

    private const int CompensationLength = 2;
    private const int PayloadCookieLength = 8;

    /// <summary>
    /// Octets of a UDP payload that tell a probe from others of its flow: what keeps the checksum constant differs with the number.
    /// </summary>
    internal const int TellingPayload = CompensationLength;

    private readonly ProbeCookies _cookies;

    /// <summary>Makes a writer that signs with these cookies.</summary>
    public ProbeWriter(ProbeCookies cookies) => _cookies = cookies;

    /// <summary>
    /// The smallest probe packet: IP header, transport header and, for UDP and ICMP, the two octets that keep the checksum constant.
    /// </summary>
    public static int MinimumSize(ProbeProtocol protocol, bool isV6) =>
        IpHeaderLength(isV6) + (protocol == ProbeProtocol.Tcp ? TcpHeader.MinimumLength : UdpHeader.Length + CompensationLength);

    /// <summary>The size a user gets without asking: what traceroute(8) sends, 60 octets, 80 for IPv6.</summary>
    public static int DefaultSize(bool isV6) => IpHeaderLength(isV6) + 40;

    /// <summary>Octets of TCP payload in a segment of this size.</summary>
    public static int TcpPayloadLength(int size, bool isV6, TcpSegmentKind segment = TcpSegmentKind.Syn) =>
        size - IpHeaderLength(isV6) - TcpHeader.MinimumLength is var room && segment == TcpSegmentKind.Syn && room >= SynOptionsLength
            ? room - SynOptionsLength : room;

    /// <summary>The size of a datagram that carries so many octets of somebody's own.</summary>
    internal static int DatagramSize(int payload, bool isV6) => IpHeaderLength(isV6) + UdpHeader.Length + payload;

    /// <summary>Writes the whole packet and returns its length.</summary>
    /// <param name="probe">What to send.</param>
    /// <param name="packet">Room for at least <see cref="ProbePacket.Size"/> octets.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is below <see cref="MinimumSize"/>, or not that of the payload given, or the
    /// addresses are of two families.</exception>
    public int Write(in ProbePacket probe, Span<byte> packet)
    {
        var isV6 = probe.Target.IsV6;
        if (probe.Payload is { } own)
        {
            ArgumentOutOfRangeException.ThrowIfNotEqual(probe.Size, DatagramSize(own.Length, isV6), nameof(probe));
        }
        else
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(probe.Size, MinimumSize(probe.Protocol, isV6), nameof(probe));
        }

        ArgumentOutOfRangeException.ThrowIfNotEqual(probe.Source.Length, probe.Target.Length, nameof(probe));
        packet = packet[..probe.Size];
        var segment = packet[WriteIpHeader(probe, _cookies.IpId(probe.Number), packet)..];
        segment.Clear();
        switch (probe.Protocol)
        {
            case ProbeProtocol.Icmp:
                WriteEcho(probe, segment);
                break;
            case ProbeProtocol.Udp:
                WriteUdp(probe, segment);
                break;
            case ProbeProtocol.Tcp:
                WriteTcp(probe, segment);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(probe), probe.Protocol, message: null);
        }

        return probe.Size;
    }

    /// <summary>
    /// Writes the reset that ends what a SYN probe has half opened, as the kernel would: the sequence number that the SYN-ACK acknowledged,
    /// no ACK, an IPv4 identification of 0 with DF set. Returns its length.
    /// </summary>
    /// <param name="probe">The SYN.</param>
    /// <param name="acknowledged">Acknowledgment number of the SYN-ACK.</param>
    /// <param name="packet">Room for the packet.</param>
    internal static int WriteReset(in ProbePacket probe, uint acknowledged, Span<byte> packet)
    {
        var isV6 = probe.Target.IsV6;
        var size = MinimumSize(ProbeProtocol.Tcp, isV6);
        packet = packet[..size];
        var header = WriteIpHeader(probe with { Ttl = EncapsulationWriter.DefaultTtl, Size = size, DontFragment = true }, id: 0, packet);
        var segment = packet[header..];
        TcpHeader.Write(segment, new TcpFields
        {
            SourcePort = probe.Flow.SourcePort,
            DestinationPort = probe.Flow.DestinationPort,
            Sequence = acknowledged,
            Flags = TcpFlags.Rst,
        }, default);
        TransportChecksum.Write(segment, IpProtocol.Tcp, probe.Source, probe.Target);
        return size;
    }

    /// <summary>The IPv4 identification of a probe, of its own header and of those outside it.</summary>
    internal ushort IpIdOf(in ProbePacket probe) => _cookies.IpId(probe.Number);

    /// <summary><see cref="FlowHash"/> of a probe's packet, whatever its size.</summary>
    internal static uint HashOf(in ProbePacket probe) => FlowHash.Of(
        probe.Source,
        probe.Target,
        IpProtocolOf(probe.Protocol, probe.Target.IsV6),
        (uint)probe.Flow.SourcePort << 16 | (probe.Protocol == ProbeProtocol.Icmp ? probe.Flow.IcmpChecksum : probe.Flow.DestinationPort),
        probe.Target.IsV6 ? probe.Flow.FlowLabel : 0);

    /// <summary>Source port of the outermost UDP header of a flow's probes; null when they have none.</summary>
    internal static ushort? OuterSourcePort(EncapsulationStack via, IpAddress source, IpAddress target, ProbeProtocol protocol, Flow flow)
    {
        foreach (var layer in via.Layers)
        {
            if (layer is UdpEncapsulation udp)
            {
                return udp.SourcePort ?? FlowHash.Port(HashOf(source, target, protocol, flow));
            }
        }

        return null;
    }

    /// <summary>Flow label of every outer IPv6 header of a flow's probes.</summary>
    internal static uint OuterFlowLabel(IpAddress source, IpAddress target, ProbeProtocol protocol, Flow flow) =>
        FlowHash.Label(HashOf(source, target, protocol, flow));

    private static uint HashOf(IpAddress source, IpAddress target, ProbeProtocol protocol, Flow flow) =>
        HashOf(new ProbePacket { Number = 0, Source = source, Target = target, Protocol = protocol, Flow = flow, Ttl = 0, Size = 0 });

    /// <summary>The IP protocol number of a probe.</summary>
    public static byte IpProtocolOf(ProbeProtocol protocol, bool isV6) => protocol switch
    {
        ProbeProtocol.Icmp => isV6 ? IpProtocol.IcmpV6 : IpProtocol.Icmp,
        ProbeProtocol.Udp => IpProtocol.Udp,
        ProbeProtocol.Tcp => IpProtocol.Tcp,
        _ => throw new ArgumentOutOfRangeException(nameof(protocol), protocol, message: null),
    };

    /// <summary>Octets at a datagram probe's beginning that the kernel writes where a UDP or ICMP socket sends the rest.</summary>
    internal static int KernelHeaders(ProbeProtocol protocol, bool isV6) =>
        IpHeaderLength(isV6) + (protocol == ProbeProtocol.Udp ? UdpHeader.Length : 0);

    private static int IpHeaderLength(bool isV6) => isV6 ? IPv6Header.Length : IPv4Header.MinimumLength;

    private static int WriteIpHeader(in ProbePacket probe, ushort id, Span<byte> packet)
    {
        var isV6 = probe.Target.IsV6;
        var protocol = IpProtocolOf(probe.Protocol, isV6);
        var trafficClass = (byte)(probe.Dscp << 2);
        var payload = probe.Size - IpHeaderLength(isV6);
        return isV6
            ? IPv6Header.Write(packet, new IPv6Fields
            {
                TrafficClass = trafficClass,
                FlowLabel = probe.Flow.FlowLabel,
                NextHeader = protocol,
                HopLimit = probe.Ttl,
                Source = probe.Source,
                Destination = probe.Target,
            }, payload)
            : IPv4Header.Write(packet, new IPv4Fields
            {
                TrafficClass = trafficClass,
                Id = id,
                DontFragment = probe.DontFragment,
                Ttl = probe.Ttl,
                Protocol = protocol,
                Source = probe.Source,
                Destination = probe.Target,
            }, payload);
    }

    private void WriteEcho(in ProbePacket probe, Span<byte> message)
    {
        var isV6 = probe.Target.IsV6;
        var rest = (uint)(probe.Flow.SourcePort << 16 | _cookies.IcmpSequence(probe.Number));
        IcmpMessage.Write(message, isV6, isV6 ? (byte)128 : (byte)8, 0, rest, default);
        WritePayloadCookie(probe.Number, message[IcmpMessage.HeaderLength..]);
        var seed = isV6 ? Checksum.PseudoHeader(probe.Source, probe.Target, IpProtocol.IcmpV6, message.Length) : 0;
        ForceChecksum(message, 2, probe.Flow.IcmpChecksum, IcmpMessage.HeaderLength, seed);
    }

    private void WriteUdp(in ProbePacket probe, Span<byte> datagram)
    {
        UdpHeader.Write(datagram, probe.Flow.SourcePort, probe.Flow.DestinationPort, datagram.Length - UdpHeader.Length);
        if (probe.Payload is { } own)
        {
            own.Span.CopyTo(datagram[UdpHeader.Length..]);
            TransportChecksum.Write(datagram, IpProtocol.Udp, probe.Source, probe.Target);
            return;
        }

        WritePayloadCookie(probe.Number, datagram[UdpHeader.Length..]);
        var seed = Checksum.PseudoHeader(probe.Source, probe.Target, IpProtocol.Udp, datagram.Length);
        ForceChecksum(datagram, 6, _cookies.UdpChecksum(probe.Number), UdpHeader.Length, seed);
    }

    private void WriteTcp(in ProbePacket probe, Span<byte> segment)
    {
        var isSyn = probe.Segment == TcpSegmentKind.Syn;
        var sequence = _cookies.TcpSequence(probe.Number);
        Span<byte> options = stackalloc byte[SynOptionsLength];
        WriteSynOptions(options, probe.Number, probe.Target.IsV6);
        TcpHeader.Write(segment, new TcpFields
        {
            SourcePort = probe.Flow.SourcePort,
            DestinationPort = probe.Flow.DestinationPort,
            Sequence = sequence,

            // The reset that answers an ACK brings this back as its own sequence number.
            Acknowledgment = isSyn ? 0 : sequence,
            Flags = isSyn ? TcpFlags.Syn : TcpFlags.Ack,
            Window = SynWindow,
        }, isSyn && segment.Length >= TcpHeader.MinimumLength + SynOptionsLength ? options : default);
        TransportChecksum.Write(segment, IpProtocol.Tcp, probe.Source, probe.Target);
    }

    private static void WriteSynOptions(Span<byte> options, int number, bool isV6)
    {
        options[0] = 2;
        options[1] = 4;
        BinaryPrimitives.WriteUInt16BigEndian(options[2..], (ushort)(isV6 ? 1440 : 1460));
        options[4] = 4;
        options[5] = 2;
        options[6] = 8;
        options[7] = 10;
        BinaryPrimitives.WriteInt32BigEndian(options[8..], number);
        BinaryPrimitives.WriteInt32BigEndian(options[12..], 0);
        options[16] = 1;
        options[17] = 3;
        options[18] = 3;
        options[19] = 7;
    }

    private void WritePayloadCookie(int number, Span<byte> payload)
    {
        if (payload.Length >= CompensationLength + PayloadCookieLength)
        {
            BinaryPrimitives.WriteUInt64BigEndian(payload[CompensationLength..], _cookies.Payload(number));
        }
    }

    /// <summary>Reads the cookie out of a payload that came back; false when too little of it did.</summary>
    internal static bool TryReadPayloadCookie(ReadOnlySpan<byte> payload, out ulong cookie)
    {
        if (payload.Length < CompensationLength + PayloadCookieLength)
        {
            cookie = 0;
            return false;
        }

        cookie = BinaryPrimitives.ReadUInt64BigEndian(payload[CompensationLength..]);
        return true;
    }

    /// <summary>Sets the checksum to a wanted value and the first two octets of the payload so that it is right.</summary>
    private static void ForceChecksum(Span<byte> segment, int checksumAt, ushort wanted, int payloadAt, uint seed)
    {
        BinaryPrimitives.WriteUInt16BigEndian(segment[checksumAt..], wanted);
        var sum = Checksum.Sum(segment, seed);
        BinaryPrimitives.WriteUInt16BigEndian(segment[payloadAt..], Checksum.Finish(sum));
    }
}
