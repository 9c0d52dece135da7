using System.Buffers.Binary;

namespace Probe.Core.Packets;

/// <summary>
/// Remote checksum offload (draft-herbert-remotecsumoffload; gue_remcsum in net/ipv4/fou_core.c): the checksum of the transport inside is
/// left to the tunnel's far end, which sums from a start on and writes the result into a field. Both are counted from the first octet
/// inside.
/// </summary>
internal readonly record struct RemoteChecksum(ushort Start, ushort Field)
{
    /// <summary>Leaves the checksum of a packet to the far end: its field then holds the sum of the pseudo header only.</summary>
    /// <exception cref="ArgumentException">The packet holds no TCP, UDP or ICMP checksum.</exception>
    public static RemoteChecksum Offload(Span<byte> packet)
    {
        var field = IpPacket.TryRead(packet, out var ip) && ip.FragmentOffset == 0 ? TransportChecksum.FieldOffset(ip.Protocol) : -1;
        var unsent = field >= 0 && ip.Protocol == IpProtocol.Udp && ip.Payload is [_, _, _, _, _, _, 0, 0, ..];
        if (field < 0 || unsent || ip.Payload.Length < field + 2)
        {
            throw new ArgumentException("Remote checksum offload needs a packet with a checksum of TCP, UDP or ICMP.", nameof(packet));
        }

        var seed = ip.Protocol == IpProtocol.Icmp ? 0 : Checksum.PseudoHeader(ip.Source, ip.Destination, ip.Protocol, ip.Payload.Length);
        var start = ip.HeaderLength;
        BinaryPrimitives.WriteUInt16BigEndian(packet[(start + field)..], Checksum.Fold(seed));
        return new RemoteChecksum((ushort)start, (ushort)(start + field));
    }

    /// <summary>True when start and field lie inside so many octets.</summary>
    public bool Fits(int length) => Start <= length && Field + 2 <= length;

    /// <summary>Writes the checksum that was left to this end.</summary>
    public void Complete(Span<byte> inside) => BinaryPrimitives.WriteUInt16BigEndian(inside[Field..], Checksum.Of(inside[Start..]));
}
