using Probe.Core.Packets;

namespace Probe.Core.Wire;

/// <summary>
/// The packet an ICMP error quotes, as the stack of its IP headers: the outermost, which the complaining router read,
/// and the innermost, which belongs to the probe. Both are the same for a plain probe.
/// </summary>
internal readonly ref struct QuoteStack
{
    private const int MaximumDepth = 4;

    private QuoteStack(IpPacket outermost, IpPacket innermost, int depth)
    {
        Outermost = outermost;
        Innermost = innermost;
        Depth = depth;
    }

    /// <summary>The header the router read.</summary>
    public IpPacket Outermost { get; }

    /// <summary>The last IP header that was quoted whole.</summary>
    public IpPacket Innermost { get; }

    /// <summary>IP headers read.</summary>
    public int Depth { get; }

    /// <summary>A quote that was taken apart by other means.</summary>
    public static QuoteStack Of(IpPacket outermost, IpPacket innermost) => new(outermost, innermost, depth: 2);

    /// <summary>Reads a quote; false when not even one IP header is whole.</summary>
    public static bool TryRead(ReadOnlySpan<byte> quote, out QuoteStack stack)
    {
        stack = default;
        if (!IpPacket.TryReadQuote(quote, out var outermost))
        {
            return false;
        }

        var innermost = outermost;
        var depth = 1;
        while (depth < MaximumDepth && innermost.Protocol is IpProtocol.IpIp or IpProtocol.IPv6
            && IpPacket.TryReadQuote(innermost.Payload, out var inner))
        {
            innermost = inner;
            depth++;
        }

        stack = new QuoteStack(outermost, innermost, depth);
        return true;
    }
}
