namespace Probe.Core.Packets;

/// <summary>Finds where in the body of an ICMP error the quoted packet ends and its extensions begin (RFC 4884 section 5).</summary>
internal static class IcmpQuote
{
    /// <summary>Octets of quote in front of extensions at least, by RFC 4884; exactly, by the routers older than it.</summary>
    public const int MinimumPadded = 128;

    /// <summary>Splits the body of an error.</summary>
    /// <returns>Octets of the quote without padding, and where the extension structure stands in the body, -1 without a valid
    /// one.</returns>
    public static (int QuoteLength, int ExtensionOffset) Locate(in IcmpMessage message)
    {
        var body = message.Body;
        var field = message.QuoteLengthField;

        // A field too short for an IP header and 8 octets is no length but what an old router left in an unused octet.
        if (field < (message.IsV6 ? IPv6Header.Length : IPv4Header.MinimumLength) + QuotedTransport.MinimumLength)
        {
            field = 0;
        }

        if (!message.CarriesExtensions || field > body.Length)
        {
            return (Unpadded(body), -1);
        }

        if (field > 0)
        {
            // A field below 128 comes from a sender that counted the quote without its padding.
            var offset = Math.Max(field, MinimumPadded);
            var found = offset < body.Length && IcmpExtensionReader.IsStructure(body[offset..]);
            return (Unpadded(body[..field]), found ? offset : -1);
        }

        // RFC 4884 section 5.5: without a length, what stands at octet 128 may be extensions or go on with the quote; it has to prove
        // itself.
        return body.Length > MinimumPadded && IcmpExtensionReader.ProvesItself(body[MinimumPadded..])
            ? (Unpadded(body[..MinimumPadded]), MinimumPadded)
            : (Unpadded(body), -1);
    }

    // Zeros beyond the quoted packet's own length are padding. Other octets there mean that the length lies, and stay.
    private static int Unpadded(ReadOnlySpan<byte> quote)
    {
        if (!IpPacket.TryReadQuote(quote, out var packet) || packet.TotalLength < packet.HeaderLength + QuotedTransport.MinimumLength)
        {
            return quote.Length;
        }

        var length = Math.Min(packet.TotalLength, quote.Length);
        return quote[length..].ContainsAnyExcept((byte)0) ? quote.Length : length;
    }
}
