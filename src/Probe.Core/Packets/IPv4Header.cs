using System.Buffers.Binary;

namespace Probe.Core.Packets;

/// <summary>What an IPv4 header says, apart from its lengths and checksum (RFC 791 section 3.1).</summary>
public readonly record struct IPv4Fields
{
    /// <summary>DSCP and ECN, the octet once called TOS (RFC 2474, RFC 3168).</summary>
    public byte TrafficClass { get; init; }

    /// <summary>Identification.</summary>
    public ushort Id { get; init; }

    /// <summary>The DF bit.</summary>
    public bool DontFragment { get; init; }

    /// <summary>The MF bit.</summary>
    public bool MoreFragments { get; init; }

    /// <summary>Offset of this fragment, octets; a multiple of 8, at most 65528.</summary>
    public int FragmentOffset { get; init; }

    /// <summary>Time to live.</summary>
    public byte Ttl { get; init; }

    /// <summary>Protocol of the payload, see <see cref="IpProtocol"/>.</summary>
    public byte Protocol { get; init; }

    /// <summary>Source address.</summary>
    public IpAddress Source { get; init; }

    /// <summary>Destination address.</summary>
    public IpAddress Destination { get; init; }
}

/// <summary>
/// A view of an IPv4 packet (RFC 791). The whole header with its options is there; the payload may have been cut, as in the quote of an
/// ICMP error.
/// </summary>
public readonly ref struct IPv4Header
{
    /// <summary>Octets of a header without options.</summary>
    public const int MinimumLength = 20;

    /// <summary>Octets of a header with as many options as fit.</summary>
    public const int MaximumLength = 60;

    // RFC 792 has a router quote the header and 64 bits of what follows.
    private const int QuotedPayload = 8;

    private readonly ReadOnlySpan<byte> _header;

    private IPv4Header(ReadOnlySpan<byte> header, ReadOnlySpan<byte> payload, bool truncated)
    {
        _header = header;
        Payload = payload;
        Truncated = truncated;
    }

    /// <summary>Octets of the header, options included: 20 to 60.</summary>
    public int HeaderLength => _header.Length;

    /// <summary>Octets of the whole packet, as the header says.</summary>
    public int TotalLength => BinaryPrimitives.ReadUInt16BigEndian(_header[2..]);

    /// <summary>DSCP and ECN.</summary>
    public byte TrafficClass => _header[1];

    /// <summary>Identification.</summary>
    public ushort Id => BinaryPrimitives.ReadUInt16BigEndian(_header[4..]);

    /// <summary>The DF bit.</summary>
    public bool DontFragment => (_header[6] & 0x40) != 0;

    /// <summary>The MF bit.</summary>
    public bool MoreFragments => (_header[6] & 0x20) != 0;

    /// <summary>Offset of this fragment, octets. Above 0 the payload does not begin with a transport header.</summary>
    public int FragmentOffset => (BinaryPrimitives.ReadUInt16BigEndian(_header[6..]) & 0x1fff) * 8;

    /// <summary>Time to live.</summary>
    public byte Ttl => _header[8];

    /// <summary>Protocol of the payload, see <see cref="IpProtocol"/>.</summary>
    public byte Protocol => _header[9];

    /// <summary>The header checksum as it stands there.</summary>
    public ushort HeaderChecksum => BinaryPrimitives.ReadUInt16BigEndian(_header[10..]);

    /// <summary>True when the header checksum is right.</summary>
    public bool ChecksumValid => Checksum.Of(_header) == 0;

    /// <summary>Source address.</summary>
    public IpAddress Source => IpAddress.FromV4(BinaryPrimitives.ReadUInt32BigEndian(_header[12..]));

    /// <summary>Destination address.</summary>
    public IpAddress Destination => IpAddress.FromV4(BinaryPrimitives.ReadUInt32BigEndian(_header[16..]));

    /// <summary>The options, 0 to 40 octets.</summary>
    public ReadOnlySpan<byte> Options => _header[MinimumLength..];

    /// <summary>What stands after the header, without octets beyond the total length (link-layer padding).</summary>
    public ReadOnlySpan<byte> Payload { get; }

    /// <summary>True when the total length promises more octets than there are.</summary>
    public bool Truncated { get; }

    /// <summary>
    /// Reads a packet; false when it is not IPv4, its header is not whole, or its total length does not cover its header.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> data, out IPv4Header value) => TryRead(data, quoted: false, out value);

    /// <summary>
    /// Reads a packet quoted by an ICMP error. Stacks are known that quote a total length in host byte order or lessened by the header, so
    /// one that leaves the payload less than the 8 octets every quote has to hold (RFC 792) is not believed, and the payload is all that
    /// was quoted.
    /// </summary>
    public static bool TryReadQuote(ReadOnlySpan<byte> data, out IPv4Header value) => TryRead(data, quoted: true, out value);

    /// <summary>Writes a header with its checksum in front of a payload that stands, or will stand, after it.</summary>
    /// <param name="packet">Where to write.</param>
    /// <param name="fields">What the header says.</param>
    /// <param name="payloadLength">Octets of the payload.</param>
    /// <param name="options">Options, a multiple of 4 and at most 40 octets.</param>
    /// <returns>Octets of the header.</returns>
    /// <exception cref="ArgumentException">The options, the fragment offset or the lengths do not fit the header, or the span is too
    /// short.</exception>
    public static int Write(Span<byte> packet, in IPv4Fields fields, int payloadLength, ReadOnlySpan<byte> options = default)
    {
        if (options.Length % 4 != 0 || options.Length > MaximumLength - MinimumLength)
        {
            throw new ArgumentException("IPv4 options are a multiple of 4 and at most 40 octets.", nameof(options));
        }

        if (fields.FragmentOffset is < 0 or > 65528 || fields.FragmentOffset % 8 != 0)
        {
            throw new ArgumentException("A fragment offset is a multiple of 8 and at most 65528 octets.", nameof(fields));
        }

        var headerLength = MinimumLength + options.Length;
        ArgumentOutOfRangeException.ThrowIfNegative(payloadLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(payloadLength, ushort.MaxValue - headerLength);

        var header = packet[..headerLength];
        header[0] = (byte)(0x40 | headerLength / 4);
        header[1] = fields.TrafficClass;
        BinaryPrimitives.WriteUInt16BigEndian(header[2..], (ushort)(headerLength + payloadLength));
        BinaryPrimitives.WriteUInt16BigEndian(header[4..], fields.Id);
        var fragment = (fields.DontFragment ? 0x4000 : 0) | (fields.MoreFragments ? 0x2000 : 0) | fields.FragmentOffset / 8;
        BinaryPrimitives.WriteUInt16BigEndian(header[6..], (ushort)fragment);
        header[8] = fields.Ttl;
        header[9] = fields.Protocol;
        header[10..12].Clear();
        BinaryPrimitives.WriteUInt32BigEndian(header[12..], (uint)fields.Source.Low);
        BinaryPrimitives.WriteUInt32BigEndian(header[16..], (uint)fields.Destination.Low);
        options.CopyTo(header[MinimumLength..]);
        BinaryPrimitives.WriteUInt16BigEndian(header[10..], Checksum.Of(header));
        return headerLength;
    }

    private static bool TryRead(ReadOnlySpan<byte> data, bool quoted, out IPv4Header value)
    {
        value = default;
        if (data.Length < MinimumLength || data[0] >> 4 != 4)
        {
            return false;
        }

        var headerLength = (data[0] & 0x0f) * 4;
        if (headerLength < MinimumLength || headerLength > data.Length)
        {
            return false;
        }

        int totalLength = BinaryPrimitives.ReadUInt16BigEndian(data[2..]);
        var end = Math.Min(totalLength, data.Length);
        if (quoted && totalLength < headerLength + QuotedPayload)
        {
            end = data.Length;
        }
        else if (totalLength < headerLength)
        {
            return false;
        }

        value = new IPv4Header(data[..headerLength], data[headerLength..end], totalLength > data.Length);
        return true;
    }
}
