using System.Buffers.Binary;
using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>
/// Addresses, protocol and ports; for an echo request the identifier is the source port, for an echo reply the destination port.
/// </summary>
internal readonly record struct FiveTuple(IpAddress Source, IpAddress Destination, byte Protocol, ushort SourcePort, ushort DestinationPort)
{
    /// <summary>The tuple of the way back.</summary>
    public FiveTuple Turned => new(Destination, Source, Protocol, DestinationPort, SourcePort);

    public bool IsIcmp => Protocol is IpProtocol.Icmp or IpProtocol.IcmpV6;
}

/// <summary>
/// Reads and rewrites the tuple of a packet, whole or cut as in a quote. Checksums are adjusted, not computed, so a wrong one stays wrong.
/// </summary>
internal static class TupleWriter
{
    public static bool IsError(SimulatedPacket packet) =>
        packet.Protocol is IpProtocol.Icmp
            or IpProtocol.IcmpV6 && IcmpMessage.TryRead(packet.Payload, packet.IsV6, out var message) && message.IsError;

    /// <summary>The octets an error quotes, in place.</summary>
    public static Span<byte> QuoteOf(SimulatedPacket packet) => packet.Payload[IcmpMessage.HeaderLength..];

    public static bool TryRead(ReadOnlySpan<byte> packet, out FiveTuple tuple)
    {
        tuple = default;
        if (!IpPacket.TryReadQuote(packet, out var ip) || ip.FragmentOffset > 0 || ip.Payload.Length < 8)
        {
            return false;
        }

        var (source, destination) =
            (BinaryPrimitives.ReadUInt16BigEndian(ip.Payload), BinaryPrimitives.ReadUInt16BigEndian(ip.Payload[2..]));
        switch (ip.Protocol)
        {
            case IpProtocol.Tcp:
            case IpProtocol.Udp:
                tuple = new FiveTuple(ip.Source, ip.Destination, ip.Protocol, source, destination);
                return true;
            case IpProtocol.Icmp:
            case IpProtocol.IcmpV6:
                IcmpMessage.TryRead(ip.Payload, ip.IsV6, out var message);
                var isReply = message.IsEchoReply;
                tuple = new FiveTuple(ip.Source, ip.Destination, ip.Protocol, isReply ? (ushort)0 : message.Identifier,
                    isReply ? message.Identifier : (ushort)0);
                return message.IsEchoRequest || isReply;
            default:
                return false;
        }
    }

    /// <summary>Rewrites one tuple into another of the same family and protocol.</summary>
    public static void Write(Span<byte> packet, in FiveTuple from, in FiveTuple to, bool withTransportChecksum)
    {
        if (!IpPacket.TryReadQuote(packet, out var ip))
        {
            return;
        }

        Span<byte> before = stackalloc byte[36];
        Span<byte> after = stackalloc byte[36];
        var length = Lay(from, before);
        Lay(to, after);
        var segment = packet.Slice(ip.HeaderLength, ip.Payload.Length);
        var checksumAt = from.Protocol switch { IpProtocol.Tcp => 16, IpProtocol.Udp => 6, _ => 2 };
        if (withTransportChecksum && segment.Length >= checksumAt + 2)
        {
            // ICMP of IPv4 has no pseudo header: only its identifier counts.
            var start = from.Protocol == IpProtocol.Icmp ? length - 4 : 0;
            AdjustTransport(segment[checksumAt..], before[start..length], after[start..length], from.Protocol);
        }

        if (from.IsIcmp)
        {
            BinaryPrimitives.WriteUInt16BigEndian(segment[4..], (ushort)(to.SourcePort | to.DestinationPort));
        }
        else
        {
            BinaryPrimitives.WriteUInt16BigEndian(segment, to.SourcePort);
            BinaryPrimitives.WriteUInt16BigEndian(segment[2..], to.DestinationPort);
        }

        var addresses = length - 4;
        if (from.Source.IsV4)
        {
            Adjust(packet[10..], before[..addresses], after[..addresses]);
            after[..addresses].CopyTo(packet[12..]);
        }
        else
        {
            after[..addresses].CopyTo(packet[8..]);
        }
    }

    /// <summary>Writes other addresses into a packet's own header.</summary>
    public static void WriteAddresses(SimulatedPacket packet, IpAddress source, IpAddress destination)
    {
        var at = packet.Octets[(packet.IsV6 ? 8 : 12)..];
        destination.WriteTo(at[source.WriteTo(at)..]);
        packet.RewriteHeaderChecksum();
    }

    private static int Lay(in FiveTuple tuple, Span<byte> octets)
    {
        var at = tuple.Source.WriteTo(octets);
        at += tuple.Destination.WriteTo(octets[at..]);
        BinaryPrimitives.WriteUInt16BigEndian(octets[at..],
            tuple.IsIcmp ? (ushort)(tuple.SourcePort | tuple.DestinationPort) : tuple.SourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(octets[(at + 2)..], tuple.IsIcmp ? (ushort)0 : tuple.DestinationPort);
        return at + 4;
    }

    private static void AdjustTransport(Span<byte> field, ReadOnlySpan<byte> before, ReadOnlySpan<byte> after, byte protocol)
    {
        if (protocol == IpProtocol.Udp && field[0] == 0 && field[1] == 0)
        {
            return;
        }

        Adjust(field, before, after);
        if (protocol == IpProtocol.Udp && field[0] == 0 && field[1] == 0)
        {
            field[..2].Fill(0xff);
        }
    }

    // RFC 1624 equation 3: new = ~(~old + ~before + after).
    private static void Adjust(Span<byte> field, ReadOnlySpan<byte> before, ReadOnlySpan<byte> after)
    {
        var sum = (uint)(ushort)~BinaryPrimitives.ReadUInt16BigEndian(field);
        sum += (ushort)~Checksum.Fold(Checksum.Sum(before));
        sum = Checksum.Sum(after, sum);
        BinaryPrimitives.WriteUInt16BigEndian(field, Checksum.Finish(sum));
    }
}
