using System.Buffers.Binary;

namespace Probe.Core.Packets;

/// <summary>
/// What the octets after a quoted IP header say about the probe they belong to. RFC 792 has routers quote 8 of them; nothing here needs
/// more, and what more was quoted is read too. Not for fragments other than the first, which begin with no transport header.
/// </summary>
public readonly ref struct QuotedTransport
{
    /// <summary>Octets that a quote must hold at least.</summary>
    public const int MinimumLength = 8;

    /// <summary>Source port of UDP and TCP; the identifier of an ICMP echo; 0 for other ICMP messages.</summary>
    public ushort SourcePort { get; private init; }

    /// <summary>Destination port of UDP and TCP; 0 for ICMP.</summary>
    public ushort DestinationPort { get; private init; }

    /// <summary>Sequence number of TCP or of an ICMP echo; 0 otherwise.</summary>
    public uint Sequence { get; private init; }

    /// <summary>The checksum as it was quoted; 0 when it was not.</summary>
    public ushort Checksum { get; private init; }

    /// <summary>True when the checksum was quoted: always for UDP and ICMP, for TCP from 18 octets.</summary>
    public bool HasChecksum { get; private init; }

    /// <summary>Type of a quoted ICMP message; 0 for UDP and TCP.</summary>
    public byte IcmpType { get; private init; }

    /// <summary>Octets of the probe's payload that were quoted; empty when the quote ended before.</summary>
    public ReadOnlySpan<byte> Payload { get; private init; }

    /// <summary>
    /// Reads the payload of a quoted packet; false when 8 octets are not there or the protocol is none of TCP, UDP, ICMP and ICMPv6.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> payload, byte protocol, out QuotedTransport value)
    {
        value = default;
        if (payload.Length < MinimumLength)
        {
            return false;
        }

        switch (protocol)
        {
            case IpProtocol.Udp:
                value = ReadUdp(payload);
                return true;
            case IpProtocol.Tcp:
                value = ReadTcp(payload);
                return true;
            case IpProtocol.Icmp:
            case IpProtocol.IcmpV6:
                value = ReadIcmp(payload, protocol == IpProtocol.IcmpV6);
                return true;
            default:
                return false;
        }
    }

    private static QuotedTransport ReadUdp(ReadOnlySpan<byte> payload) => new()
    {
        SourcePort = BinaryPrimitives.ReadUInt16BigEndian(payload),
        DestinationPort = BinaryPrimitives.ReadUInt16BigEndian(payload[2..]),
        Checksum = BinaryPrimitives.ReadUInt16BigEndian(payload[6..]),
        HasChecksum = true,
        Payload = payload[UdpHeader.Length..],
    };

    private static QuotedTransport ReadTcp(ReadOnlySpan<byte> payload)
    {
        var hasChecksum = payload.Length >= 18;
        return new QuotedTransport
        {
            SourcePort = BinaryPrimitives.ReadUInt16BigEndian(payload),
            DestinationPort = BinaryPrimitives.ReadUInt16BigEndian(payload[2..]),
            Sequence = BinaryPrimitives.ReadUInt32BigEndian(payload[4..]),
            Checksum = hasChecksum ? BinaryPrimitives.ReadUInt16BigEndian(payload[16..]) : (ushort)0,
            HasChecksum = hasChecksum,
            Payload = TcpHeader.TryRead(payload, out var tcp) ? tcp.Payload : default,
        };
    }

    private static QuotedTransport ReadIcmp(ReadOnlySpan<byte> payload, bool isV6)
    {
        // 8 octets are an ICMP header, so this read cannot fail.
        IcmpMessage.TryRead(payload, isV6, out var message);
        var isEcho = message.IsEchoRequest || message.IsEchoReply;
        return new QuotedTransport
        {
            SourcePort = isEcho ? message.Identifier : (ushort)0,
            Sequence = isEcho ? message.Sequence : 0u,
            Checksum = message.Checksum,
            HasChecksum = true,
            IcmpType = message.Type,
            Payload = message.Body,
        };
    }
}
