using System.Buffers.Binary;

namespace Probe.Core.Packets;

/// <summary>The checksum field of TCP, UDP, ICMP and ICMPv6: where it stands and what lies under it.</summary>
public static class TransportChecksum
{
    /// <summary>Computes the checksum of a whole segment and writes it into its field.</summary>
    /// <param name="segment">Transport header and payload.</param>
    /// <param name="protocol">TCP, UDP, ICMP or ICMPv6.</param>
    /// <param name="source">Source address; unused for ICMP, which has no pseudo header.</param>
    /// <param name="destination">Destination address; unused for ICMP.</param>
    /// <exception cref="ArgumentException">The protocol has no such checksum, or the segment is too short to hold it.</exception>
    public static void Write(Span<byte> segment, byte protocol, IpAddress source, IpAddress destination)
    {
        var offset = FieldOffset(protocol);
        if (offset < 0 || segment.Length < offset + 2)
        {
            throw new ArgumentException($"No checksum fits a segment of protocol {protocol} and {segment.Length} octets.", nameof(segment));
        }

        var field = segment[offset..(offset + 2)];
        field.Clear();
        var checksum = Checksum.Finish(Sum(segment, protocol, source, destination));

        // RFC 768: 0 in the field says "no checksum"; the other zero of ones' complement says zero.
        BinaryPrimitives.WriteUInt16BigEndian(field, protocol == IpProtocol.Udp && checksum == 0 ? ushort.MaxValue : checksum);
    }

    /// <summary>
    /// True when a whole segment holds a right checksum. A UDP checksum of 0 is right over IPv4 (not sent) and wrong over IPv6 (RFC 8200
    /// section 8.1); a segment that is too short or of another protocol has none.
    /// </summary>
    /// <param name="segment">Transport header and payload, nothing cut.</param>
    /// <param name="protocol">TCP, UDP, ICMP or ICMPv6.</param>
    /// <param name="source">Source address; unused for ICMP.</param>
    /// <param name="destination">Destination address; unused for ICMP.</param>
    public static bool IsValid(ReadOnlySpan<byte> segment, byte protocol, IpAddress source, IpAddress destination)
    {
        var offset = FieldOffset(protocol);
        if (offset < 0 || segment.Length < offset + 2)
        {
            return false;
        }

        if (protocol == IpProtocol.Udp && BinaryPrimitives.ReadUInt16BigEndian(segment[offset..]) == 0)
        {
            return source.IsV4;
        }

        return Checksum.Finish(Sum(segment, protocol, source, destination)) == 0;
    }

    private static uint Sum(ReadOnlySpan<byte> segment, byte protocol, IpAddress source, IpAddress destination)
    {
        var seed = protocol == IpProtocol.Icmp ? 0 : Checksum.PseudoHeader(source, destination, protocol, segment.Length);
        return Checksum.Sum(segment, seed);
    }

    /// <summary>Where in its header a transport keeps its checksum, octets; -1 for one that has none.</summary>
    internal static int FieldOffset(byte protocol) => protocol switch
    {
        IpProtocol.Tcp => 16,
        IpProtocol.Udp => 6,
        IpProtocol.Icmp or IpProtocol.IcmpV6 => 2,
        _ => -1,
    };
}
