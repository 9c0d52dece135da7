using System.Buffers.Binary;
using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>Memory in which the errors of one network are put together.</summary>
internal sealed class ErrorBuffers
{
    /// <summary>A packet of any size with options put in.</summary>
    public byte[] Quote { get; } = new byte[ushort.MaxValue + 64];

    /// <summary>The quote as far as it is quoted, and extensions.</summary>
    public byte[] Body { get; } = new byte[4096];

    public byte[] Packet { get; } = new byte[4096];
}

/// <summary>Builds the octets of an ICMP error in whatever form a router may give it, right or wrong.</summary>
internal sealed class ErrorWriter
{
    private const int PaddedQuote = 128;
    private const int LargestV4 = 576;
    private const int LargestV6 = 1280;
    private const int LargestFull = 1500;

    private readonly ErrorPolicy _policy;
    private readonly byte[] _options;
    private readonly byte[] _quoteOptions;
    private readonly byte[] _extensions;
    private readonly byte[] _quote;
    private readonly byte[] _body;
    private readonly byte[] _packet;

    public ErrorWriter(ErrorPolicy policy, ErrorBuffers buffers)
    {
        _policy = policy;
        (_quote, _body, _packet) = (buffers.Quote, buffers.Body, buffers.Packet);
        _options = Convert.FromHexString(policy.Options);
        _quoteOptions = Convert.FromHexString(policy.Quote.Options);
        _extensions = policy.Extensions is { } extensions ? Extensions(extensions) : [];
    }

    /// <summary>The error about a packet; valid until the next one.</summary>
    public ReadOnlySpan<byte> Write(SimulatedPacket packet, IcmpCode code, IpAddress source, ushort id)
    {
        var isV6 = packet.IsV6;
        var carries = _extensions.Length > 0 && (isV6 ? code.Type is 1 or 3 : code.Type is 3 or 11 or 12);
        var quoteLength = WriteQuote(packet, carries);
        var bodyLength = WriteBody(quoteLength, isV6, carries, out var lengthField);
        var rest = code.Rest | (uint)lengthField << (isV6 ? 24 : 16);
        var headerLength = isV6 ? IPv6Header.Length : IPv4Header.MinimumLength + _options.Length;
        var message = _packet.AsSpan(headerLength);
        message = message[..IcmpMessage.Write(message, isV6, code.Type, code.Code, rest, _body.AsSpan(0, bodyLength))];
        TransportChecksum.Write(message, isV6 ? IpProtocol.IcmpV6 : IpProtocol.Icmp, source, packet.Source);
        if (isV6)
        {
            IPv6Header.Write(_packet, new IPv6Fields
            {
                TrafficClass = _policy.TrafficClass,
                NextHeader = IpProtocol.IcmpV6,
                HopLimit = _policy.InitialTtl,
                Source = source,
                Destination = packet.Source,
            }, message.Length);
        }
        else
        {
            IPv4Header.Write(_packet, new IPv4Fields
            {
                TrafficClass = _policy.TrafficClass,
                Id = id,
                Ttl = _policy.InitialTtl,
                Protocol = IpProtocol.Icmp,
                Source = source,
                Destination = packet.Source,
            }, message.Length, _options);
        }

        return _packet.AsSpan(0, headerLength + message.Length);
    }

    private int WriteQuote(SimulatedPacket packet, bool carriesExtensions)
    {
        var quote = _policy.Quote;
        var length = CopyWithOptions(packet);
        var header = packet.HeaderLength + (packet.IsV6 ? 0 : _quoteOptions.Length);
        if (quote.Checksum != QuotedChecksum.Kept && !packet.IsLaterFragment)
        {
            SpoilTransportChecksum(packet, _quote.AsSpan(header, length - header));
        }

        if (quote.Ttl is { } ttl)
        {
            _quote[packet.IsV6 ? 7 : 8] = ttl;
        }

        if (!packet.IsV6)
        {
            FinishV4Header(header, length, quote);
        }

        var room = Room(packet.IsV6, carriesExtensions);
        var wanted = quote.Length switch
        {
            QuoteLength.HeaderAndEight => header + 8,
            QuoteLength.First128 => PaddedQuote,
            QuoteLength.Exact => quote.Octets,
            _ => length,
        };
        return Math.Min(Math.Min(wanted, length - (packet.Length - packet.Known)), room);
    }

    private int Room(bool isV6, bool carriesExtensions)
    {
        if (_policy.Extensions?.Form == ExtensionForm.Legacy && carriesExtensions)
        {
            return PaddedQuote;
        }

        var standard = _policy.Quote.Length != QuoteLength.Full;

        // RFC 4884 section 3: who appends extensions quotes 128 octets unless asked for more.
        if (carriesExtensions && standard)
        {
            return PaddedQuote;
        }

        var largest = isV6 ? LargestV6 : standard ? LargestV4 : LargestFull;
        var headers = (isV6 ? IPv6Header.Length : IPv4Header.MinimumLength + _options.Length) + IcmpMessage.HeaderLength;
        return (largest - headers - (carriesExtensions ? _extensions.Length : 0)) & ~7;
    }

    // The packet as it is quoted: with options that a router on the way put in.
    private int CopyWithOptions(SimulatedPacket packet)
    {
        if (packet.IsV6 || _quoteOptions.Length == 0 || packet.HeaderLength + _quoteOptions.Length > IPv4Header.MaximumLength)
        {
            packet.Octets.CopyTo(_quote);
            return packet.Length;
        }

        packet.Octets[..packet.HeaderLength].CopyTo(_quote);
        _quoteOptions.CopyTo(_quote, packet.HeaderLength);
        packet.Payload.CopyTo(_quote.AsSpan(packet.HeaderLength + _quoteOptions.Length));
        _quote[0] = (byte)(0x40 | (packet.HeaderLength + _quoteOptions.Length) / 4);
        var length = packet.Length + _quoteOptions.Length;
        BinaryPrimitives.WriteUInt16BigEndian(_quote.AsSpan(2), (ushort)length);
        return length;
    }

    private void FinishV4Header(int headerLength, int length, QuoteSpec quote)
    {
        var header = _quote.AsSpan(0, headerLength);
        header[10..12].Clear();
        if (!quote.ZeroHeaderChecksum)
        {
            BinaryPrimitives.WriteUInt16BigEndian(header[10..], Checksum.Of(header));
        }

        // A stack that spoils the length does so after the checksum was right.
        switch (quote.TotalLength)
        {
            case QuotedTotalLength.HostOrder:
                BinaryPrimitives.WriteUInt16LittleEndian(header[2..], (ushort)length);
                break;
            case QuotedTotalLength.WithoutHeader:
                BinaryPrimitives.WriteUInt16BigEndian(header[2..], (ushort)(length - headerLength));
                break;
        }
    }

    private void SpoilTransportChecksum(SimulatedPacket packet, Span<byte> segment)
    {
        var offset =
            packet.Protocol switch { IpProtocol.Tcp => 16, IpProtocol.Udp => 6, IpProtocol.Icmp or IpProtocol.IcmpV6 => 2, _ => -1 };
        if (offset < 0 || segment.Length < offset + 2)
        {
            return;
        }

        // ICMP has no pseudo header, so its partial sum is zero.
        var partial = _policy.Quote.Checksum == QuotedChecksum.Partial && packet.Protocol != IpProtocol.Icmp
            ? Checksum.Fold(Checksum.PseudoHeader(packet.Source, packet.Destination, packet.Protocol, segment.Length))
            : (ushort)0;
        BinaryPrimitives.WriteUInt16BigEndian(segment[offset..], partial);
    }

    private int WriteBody(int quoteLength, bool isV6, bool carriesExtensions, out int lengthField)
    {
        lengthField = 0;
        _quote.AsSpan(0, quoteLength).CopyTo(_body);
        if (!carriesExtensions)
        {
            return quoteLength;
        }

        var spec = _policy.Extensions!;
        var word = isV6 ? 8 : 4;
        var padded = Math.Max(PaddedQuote, (quoteLength + word - 1) / word * word);
        _body.AsSpan(quoteLength, padded - quoteLength).Clear();
        _extensions.CopyTo(_body, padded);
        var total = padded + _extensions.Length;
        lengthField = spec.Form switch
        {
            ExtensionForm.Legacy => 0,
            ExtensionForm.UnpaddedLength => (quoteLength + word - 1) / word,
            _ => padded / word,
        };
        if (spec.Fault == ExtensionFault.LengthBeyond)
        {
            lengthField = Math.Min(byte.MaxValue, (total + word) / word + 1);
        }

        return spec.Fault == ExtensionFault.Truncated ? padded + _extensions.Length / 2 : total;
    }

    private static byte[] Extensions(ExtensionSpec spec)
    {
        var buffer = new byte[2048];
        var length = IcmpExtensionWriter.Write(buffer, new IcmpExtensions { Mpls = spec.Mpls, Interfaces = spec.Interfaces });
        var structure = buffer.AsSpan(0, length);
        switch (spec.Fault)
        {
            case ExtensionFault.BadChecksum:
                structure[2] ^= 0x5a;
                return structure.ToArray();
            case ExtensionFault.NoChecksum:
                structure[2..4].Clear();
                return structure.ToArray();
            case ExtensionFault.BadVersion:
                structure[0] = 0x10;
                break;
            case ExtensionFault.ShortObject when length > 8:
                BinaryPrimitives.WriteUInt16BigEndian(structure[4..], 3);
                break;
            case ExtensionFault.LongObject when length > 8:
                BinaryPrimitives.WriteUInt16BigEndian(structure[4..], 0x7ff0);
                break;
        }

        structure[2..4].Clear();
        BinaryPrimitives.WriteUInt16BigEndian(structure[2..], Checksum.Of(structure));
        return structure.ToArray();
    }
}
