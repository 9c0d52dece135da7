using System.Buffers.Binary;

namespace Probe.Core.Packets;

/// <summary>A view of an ICMP (RFC 792) or ICMPv6 (RFC 4443) message.</summary>
public readonly ref struct IcmpMessage
{
    /// <summary>Octets before the body: type, code, checksum and four octets whose meaning the type decides.</summary>
    public const int HeaderLength = 8;

    private readonly ReadOnlySpan<byte> _message;

    private IcmpMessage(ReadOnlySpan<byte> message, bool isV6)
    {
        _message = message;
        IsV6 = isV6;
    }

    /// <summary>True for ICMPv6.</summary>
    public bool IsV6 { get; }

    /// <summary>Type.</summary>
    public byte Type => _message[0];

    /// <summary>Code.</summary>
    public byte Code => _message[1];

    /// <summary>The checksum as it stands there.</summary>
    public ushort Checksum => BinaryPrimitives.ReadUInt16BigEndian(_message[2..]);

    /// <summary>Identifier of an echo request or reply; what stands there otherwise.</summary>
    public ushort Identifier => BinaryPrimitives.ReadUInt16BigEndian(_message[4..]);

    /// <summary>Sequence number of an echo request or reply; what stands there otherwise.</summary>
    public ushort Sequence => BinaryPrimitives.ReadUInt16BigEndian(_message[6..]);

    /// <summary>
    /// Next-hop MTU, octets: of fragmentation needed (RFC 1191, 16 bits) or packet too big (RFC 4443, 32 bits); 0 for every other message.
    /// </summary>
    public uint Mtu => (IsV6, Type, Code) switch
    {
        (false, IcmpType.DestinationUnreachable, IcmpType.FragmentationNeededCode) => Sequence,
        (true, IcmpType.PacketTooBigV6, _) => BinaryPrimitives.ReadUInt32BigEndian(_message[4..]),
        _ => 0,
    };

    /// <summary>True for an echo request.</summary>
    public bool IsEchoRequest => Type == (IsV6 ? IcmpType.EchoRequestV6 : IcmpType.EchoRequest);

    /// <summary>True for an echo reply.</summary>
    public bool IsEchoReply => Type == (IsV6 ? IcmpType.EchoReplyV6 : IcmpType.EchoReply);

    /// <summary>True for a message that quotes the packet it is about.</summary>
    public bool IsError => IsV6
        ? Type is >= IcmpType.DestinationUnreachableV6 and <= IcmpType.ParameterProblemV6
        : Type is IcmpType.DestinationUnreachable or IcmpType.SourceQuench or IcmpType.Redirect or IcmpType.TimeExceeded
            or IcmpType.ParameterProblem;

    /// <summary>What stands after the 8 octets.</summary>
    public ReadOnlySpan<byte> Body => _message[HeaderLength..];

    /// <summary>
    /// The packet an error quotes, as far as it was quoted: without extensions (RFC 4884) and without the zeros that pad it in front of
    /// them.
    /// Empty for a message that is no error.
    /// </summary>
    public ReadOnlySpan<byte> Quote => IsError ? Body[..IcmpQuote.Locate(this).QuoteLength] : default;

    /// <summary>The length field of RFC 4884 in octets; 0 when it was not set or the type has none.</summary>
    internal int QuoteLengthField => (IsV6, CarriesExtensions) switch
    {
        (false, true) => _message[5] * 4,
        (true, true) => _message[4] * 8,
        _ => 0,
    };

    /// <summary>True for the types that RFC 4884 section 4 lets carry extensions.</summary>
    internal bool CarriesExtensions => IsV6
        ? Type is IcmpType.DestinationUnreachableV6 or IcmpType.TimeExceededV6
        : Type is IcmpType.DestinationUnreachable or IcmpType.TimeExceeded or IcmpType.ParameterProblem;

    /// <summary>Reads a message; false when its 8 octets are not whole.</summary>
    public static bool TryRead(ReadOnlySpan<byte> data, bool isV6, out IcmpMessage value)
    {
        if (data.Length < HeaderLength)
        {
            value = default;
            return false;
        }

        value = new IcmpMessage(data, isV6);
        return true;
    }

    /// <summary>True when the checksum of a message that was not cut is right. The addresses count for ICMPv6 only.</summary>
    public bool ChecksumValid(IpAddress source, IpAddress destination) =>
        TransportChecksum.IsValid(_message, IsV6 ? IpProtocol.IcmpV6 : IpProtocol.Icmp, source, destination);

    /// <summary>
    /// Reads the extensions of an error (RFC 4884); false when it carries none or their structure is not valid.
    /// Objects of classes not known here are passed over, so an empty result is possible.
    /// </summary>
    public bool TryReadExtensions(out IcmpExtensions extensions)
    {
        var (_, extensionOffset) = IcmpQuote.Locate(this);
        if (extensionOffset < 0)
        {
            extensions = IcmpExtensions.None;
            return false;
        }

        extensions = IcmpExtensionReader.ReadObjects(Body[(extensionOffset + IcmpExtensionReader.HeaderLength)..]);
        return true;
    }

    /// <summary>Writes a message; its checksum field stays 0, see <see cref="TransportChecksum"/>.</summary>
    /// <param name="message">Where to write.</param>
    /// <param name="isV6">Family; both lay a message out alike, the meaning of <paramref name="type"/> differs.</param>
    /// <param name="type">Type.</param>
    /// <param name="code">Code.</param>
    /// <param name="rest">The four octets after the checksum: identifier and sequence, MTU, length of the quote.</param>
    /// <param name="body">What stands after the 8 octets.</param>
    /// <returns>Octets of the message.</returns>
    public static int Write(Span<byte> message, bool isV6, byte type, byte code, uint rest, ReadOnlySpan<byte> body)
    {
        var length = HeaderLength + body.Length;
        body.CopyTo(message[HeaderLength..length]);
        message[0] = type;
        message[1] = code;
        message[2..4].Clear();
        BinaryPrimitives.WriteUInt32BigEndian(message[4..], rest);
        return length;
    }
}
