using System.Buffers.Binary;

namespace Probe.Core.Packets;

/// <summary>A view of a UDP datagram (RFC 768); the payload may have been cut.</summary>
public readonly ref struct UdpHeader
{
    /// <summary>Octets of the header.</summary>
    public const int Length = 8;

    private readonly ReadOnlySpan<byte> _header;

    private UdpHeader(ReadOnlySpan<byte> header, ReadOnlySpan<byte> payload)
    {
        _header = header;
        Payload = payload;
    }

    /// <summary>Source port.</summary>
    public ushort SourcePort => BinaryPrimitives.ReadUInt16BigEndian(_header);

    /// <summary>Destination port.</summary>
    public ushort DestinationPort => BinaryPrimitives.ReadUInt16BigEndian(_header[2..]);

    /// <summary>Octets of header and payload, as the header says.</summary>
    public int DatagramLength => BinaryPrimitives.ReadUInt16BigEndian(_header[4..]);

    /// <summary>The checksum as it stands there; 0 over IPv4 is "not sent".</summary>
    public ushort Checksum => BinaryPrimitives.ReadUInt16BigEndian(_header[6..]);

    /// <summary>What stands after the header, without octets beyond the datagram length.</summary>
    public ReadOnlySpan<byte> Payload { get; }

    /// <summary>Reads a datagram; false when its header is not whole or its length does not cover its header.</summary>
    public static bool TryRead(ReadOnlySpan<byte> data, out UdpHeader value)
    {
        value = default;
        if (data.Length < Length)
        {
            return false;
        }

        int datagramLength = BinaryPrimitives.ReadUInt16BigEndian(data[4..]);
        if (datagramLength < Length)
        {
            return false;
        }

        value = new UdpHeader(data[..Length], data[Length..Math.Min(datagramLength, data.Length)]);
        return true;
    }

    /// <summary>Writes a header; its checksum field stays 0, see <see cref="TransportChecksum"/>.</summary>
    /// <param name="datagram">Where to write.</param>
    /// <param name="sourcePort">Source port.</param>
    /// <param name="destinationPort">Destination port.</param>
    /// <param name="payloadLength">Octets of the payload.</param>
    /// <returns>Octets of the header: 8.</returns>
    /// <exception cref="ArgumentException">The length does not fit the header, or the span is too short.</exception>
    public static int Write(Span<byte> datagram, ushort sourcePort, ushort destinationPort, int payloadLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(payloadLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(payloadLength, ushort.MaxValue - Length);

        var header = datagram[..Length];
        BinaryPrimitives.WriteUInt16BigEndian(header, sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(header[2..], destinationPort);
        BinaryPrimitives.WriteUInt16BigEndian(header[4..], (ushort)(Length + payloadLength));
        header[6..].Clear();
        return Length;
    }
}
