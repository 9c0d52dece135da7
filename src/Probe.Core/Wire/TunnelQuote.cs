using System.Buffers.Binary;
using Probe.Core.Packets;

namespace Probe.Core.Wire;

/// <summary>How far a quote agrees with the layers around a packet.</summary>
internal enum Peeled
{
    /// <summary>A layer is another.</summary>
    Foreign,

    /// <summary>It agrees as far as it goes, which is not to the ports inside.</summary>
    Short,

    /// <summary>It agrees, and the packet inside is there.</summary>
    Whole,
}

/// <summary>Takes apart what ICMP errors quote of wrapped packets.</summary>
internal static class TunnelQuote
{
    /// <summary>Octets of a packet with these layers around it.</summary>
    public static int LengthOf(ReadOnlySpan<Encapsulation> layers, int innerLength)
    {
        foreach (var layer in layers)
        {
            innerLength += layer.Overhead;
        }

        return innerLength;
    }

    /// <summary>Takes layers off a quoted packet, comparing each.</summary>
    /// <param name="layers">The headers that should stand outside it, outermost first.</param>
    /// <param name="outermost">The quote.</param>
    /// <param name="innermost">The packet inside, or as far as the quote goes.</param>
    public static Peeled Peel(ReadOnlySpan<Encapsulation> layers, in IpPacket outermost, out IpPacket innermost)
    {
        innermost = outermost;
        foreach (var layer in layers)
        {
            var payload = innermost.Payload;
            if (innermost.Destination != layer.Remote || innermost.FragmentOffset != 0
                || (innermost.Protocol != layer.ProtocolFor(innerV6: false) && innermost.Protocol != layer.ProtocolFor(innerV6: true))
                || (layer is UdpEncapsulation udp && payload.Length >= 4 && BinaryPrimitives.ReadUInt16BigEndian(payload[2..]) != udp.Port))
            {
                return Peeled.Foreign;
            }

            if (payload.Length <= layer.TunnelHeaderLength || !IpPacket.TryReadQuote(payload[layer.TunnelHeaderLength..], out innermost))
            {
                return Peeled.Short;
            }
        }

        return innermost.FragmentOffset == 0 && innermost.Payload.Length >= QuotedTransport.MinimumLength ? Peeled.Whole : Peeled.Short;
    }
}
