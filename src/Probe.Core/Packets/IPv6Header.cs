using System.Buffers.Binary;

namespace Probe.Core.Packets;

/// <summary>What an IPv6 header says, apart from its length (RFC 8200 section 3).</summary>
public readonly record struct IPv6Fields
{
    /// <summary>DSCP and ECN (RFC 2474, RFC 3168).</summary>
    public byte TrafficClass { get; init; }

    /// <summary>Flow label, 20 bits (RFC 6437).</summary>
    public uint FlowLabel { get; init; }

    /// <summary>What stands directly after the header, see <see cref="IpProtocol"/>.</summary>
    public byte NextHeader { get; init; }

    /// <summary>Hop limit.</summary>
    public byte HopLimit { get; init; }

    /// <summary>Source address.</summary>
    public IpAddress Source { get; init; }

    /// <summary>Destination address.</summary>
    public IpAddress Destination { get; init; }
}

/// <summary>
/// A view of an IPv6 packet (RFC 8200) with its extension headers walked: <see cref="Protocol"/> and <see cref="Payload"/> are what stands
/// after them.
/// The payload may have been cut, as in the quote of an ICMP error.
/// </summary>
/// <remarks>
/// The walk ends at the first header that is not wholly there, so <see cref="Protocol"/> then names that extension header and nobody takes
/// its octets for a transport. It also ends at a fragment other than the first, whose payload is the middle of something.
/// </remarks>
public readonly ref struct IPv6Header
{
    /// <summary>Octets of the header without extension headers.</summary>
    public const int Length = 40;

    // A chain is bounded by the packet; this bounds what a stranger's packet of nothing but extension headers costs.
    private const int MaximumExtensions = 16;

    private readonly ReadOnlySpan<byte> _header;

    private IPv6Header(ReadOnlySpan<byte> data, ReadOnlySpan<byte> packet, Chain chain)
    {
        _header = data[..Length];
        HeaderLength = chain.End;
        Protocol = chain.Protocol;
        FragmentOffset = chain.FragmentOffset;
        MoreFragments = chain.MoreFragments;
        Payload = packet[chain.End..];
        Truncated = Length + PayloadLength > data.Length;
    }

    /// <summary>DSCP and ECN.</summary>
    public byte TrafficClass => (byte)(BinaryPrimitives.ReadUInt16BigEndian(_header) >> 4);

    /// <summary>Flow label, 20 bits.</summary>
    public uint FlowLabel => BinaryPrimitives.ReadUInt32BigEndian(_header) & 0xfffff;

    /// <summary>Octets after the 40 of the header, extension headers included, as the header says.</summary>
    public int PayloadLength => BinaryPrimitives.ReadUInt16BigEndian(_header[4..]);

    /// <summary>What stands directly after the header: an extension header or the transport.</summary>
    public byte NextHeader => _header[6];

    /// <summary>Hop limit.</summary>
    public byte HopLimit => _header[7];

    /// <summary>Source address.</summary>
    public IpAddress Source => new(_header[8..24]);

    /// <summary>Destination address as it stands in the header; with a routing header the next stop, not the last.</summary>
    public IpAddress Destination => new(_header[24..40]);

    /// <summary>What stands after the extension headers; an extension header's number when the walk could not pass it.</summary>
    public byte Protocol { get; }

    /// <summary>What stands after the extension headers, without octets beyond the payload length.</summary>
    public ReadOnlySpan<byte> Payload { get; }

    /// <summary>Octets of the header and the extension headers walked: 40 and more.</summary>
    public int HeaderLength { get; }

    /// <summary>True when the payload length promises more octets than there are.</summary>
    public bool Truncated { get; }

    /// <summary>
    /// Offset of this fragment, octets; 0 without a fragment header. Above 0 the payload does not begin with a transport header.
    /// </summary>
    public int FragmentOffset { get; }

    /// <summary>True when a fragment header says that more fragments follow.</summary>
    public bool MoreFragments { get; }

    /// <summary>Reads a packet; false when it is not IPv6 or its 40 octets are not whole.</summary>
    public static bool TryRead(ReadOnlySpan<byte> data, out IPv6Header value)
    {
        value = default;
        if (data.Length < Length || data[0] >> 4 != 6)
        {
            return false;
        }

        var packet = data[..Math.Min(data.Length, Length + BinaryPrimitives.ReadUInt16BigEndian(data[4..]))];
        value = new IPv6Header(data, packet, Walk(packet));
        return true;
    }

    /// <summary>Writes a header in front of a payload that stands, or will stand, after it.</summary>
    /// <param name="packet">Where to write.</param>
    /// <param name="fields">What the header says.</param>
    /// <param name="payloadLength">Octets after the header, extension headers included.</param>
    /// <returns>Octets of the header: 40.</returns>
    /// <exception cref="ArgumentException">The flow label or the length does not fit the header, or the span is too short.</exception>
    public static int Write(Span<byte> packet, in IPv6Fields fields, int payloadLength)
    {
        if (fields.FlowLabel > 0xfffff)
        {
            throw new ArgumentException("A flow label has 20 bits.", nameof(fields));
        }

        ArgumentOutOfRangeException.ThrowIfNegative(payloadLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(payloadLength, ushort.MaxValue);

        var header = packet[..Length];
        BinaryPrimitives.WriteUInt32BigEndian(header, 6u << 28 | (uint)fields.TrafficClass << 20 | fields.FlowLabel);
        BinaryPrimitives.WriteUInt16BigEndian(header[4..], (ushort)payloadLength);
        header[6] = fields.NextHeader;
        header[7] = fields.HopLimit;
        BinaryPrimitives.WriteUInt64BigEndian(header[8..], fields.Source.High);
        BinaryPrimitives.WriteUInt64BigEndian(header[16..], fields.Source.Low);
        BinaryPrimitives.WriteUInt64BigEndian(header[24..], fields.Destination.High);
        BinaryPrimitives.WriteUInt64BigEndian(header[32..], fields.Destination.Low);
        return Length;
    }

    private static Chain Walk(ReadOnlySpan<byte> packet)
    {
        var chain = new Chain { Protocol = packet[6], End = Length };
        for (var count = 0; count < MaximumExtensions; count++)
        {
            var rest = packet[chain.End..];
            var extension = ExtensionLength(chain.Protocol, rest, isFirst: count == 0);
            if (extension == 0 || extension > rest.Length)
            {
                break;
            }

            if (chain.Protocol == IpProtocol.Fragment)
            {
                var fragment = BinaryPrimitives.ReadUInt16BigEndian(rest[2..]);
                chain.FragmentOffset = fragment & 0xfff8;
                chain.MoreFragments = (fragment & 1) != 0;
            }

            chain.Protocol = rest[0];
            chain.End += extension;
            if (chain.FragmentOffset > 0)
            {
                break;
            }
        }

        return chain;
    }

    // 0: no extension header, or too little of it to know its length.
    private static int ExtensionLength(byte protocol, ReadOnlySpan<byte> rest, bool isFirst)
    {
        if (rest.Length < 2)
        {
            return 0;
        }

        return protocol switch
        {
            // RFC 8200 section 4.1: hop-by-hop options stand directly after the IPv6 header and nowhere else.
            IpProtocol.HopByHop when !isFirst => 0,
            IpProtocol.HopByHop or IpProtocol.Routing or IpProtocol.DestinationOptions => (rest[1] + 1) * 8,
            IpProtocol.Fragment => 8,
            IpProtocol.AuthenticationHeader => (rest[1] + 2) * 4,
            _ => 0,
        };
    }

    private struct Chain
    {
        public byte Protocol;
        public int End;
        public int FragmentOffset;
        public bool MoreFragments;
    }
}
