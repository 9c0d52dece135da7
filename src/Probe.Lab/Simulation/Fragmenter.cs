using System.Buffers.Binary;
using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>Cuts packets to the MTU of a link: IPv4 anywhere, IPv6 at its source (RFC 8200 section 4.5).</summary>
internal static class Fragmenter
{
    private const int FragmentHeader = 8;

    /// <summary>The fragments, in order.</summary>
    public static List<byte[]> Cut(ReadOnlySpan<byte> packet, int mtu, ushort id) =>
        packet[0] >> 4 == 6 ? CutV6(packet, mtu, id) : CutV4(packet, mtu);

    private static List<byte[]> CutV4(ReadOnlySpan<byte> packet, int mtu)
    {
        var header = (packet[0] & 0x0f) * 4;
        var flags = BinaryPrimitives.ReadUInt16BigEndian(packet[6..]);
        var (first, more) = (flags & 0x1fff, flags & 0x2000);
        var fragments = new List<byte[]>();
        foreach (var (offset, length, isLast) in Parts(packet.Length - header, mtu - header))
        {
            var fragment = new byte[header + length];
            packet[..header].CopyTo(fragment);
            packet.Slice(header + offset, length).CopyTo(fragment.AsSpan(header));
            BinaryPrimitives.WriteUInt16BigEndian(fragment.AsSpan(2), (ushort)fragment.Length);
            BinaryPrimitives.WriteUInt16BigEndian(fragment.AsSpan(6), (ushort)((isLast ? more : 0x2000) | (first + offset / 8)));
            fragment.AsSpan(10, 2).Clear();
            BinaryPrimitives.WriteUInt16BigEndian(fragment.AsSpan(10), Checksum.Of(fragment.AsSpan(0, header)));
            fragments.Add(fragment);
        }

        return fragments;
    }

    private static List<byte[]> CutV6(ReadOnlySpan<byte> packet, int mtu, ushort id)
    {
        var fragments = new List<byte[]>();
        foreach (var (offset, length, isLast) in Parts(packet.Length - IPv6Header.Length, mtu - IPv6Header.Length - FragmentHeader))
        {
            var fragment = new byte[IPv6Header.Length + FragmentHeader + length];
            packet[..IPv6Header.Length].CopyTo(fragment);
            BinaryPrimitives.WriteUInt16BigEndian(fragment.AsSpan(4), (ushort)(FragmentHeader + length));
            fragment[6] = IpProtocol.Fragment;
            fragment[40] = packet[6];
            BinaryPrimitives.WriteUInt16BigEndian(fragment.AsSpan(42), (ushort)(offset | (isLast ? 0 : 1)));
            BinaryPrimitives.WriteUInt32BigEndian(fragment.AsSpan(44), id);
            packet.Slice(IPv6Header.Length + offset, length).CopyTo(fragment.AsSpan(IPv6Header.Length + FragmentHeader));
            fragments.Add(fragment);
        }

        return fragments;
    }

    private static IEnumerable<(int Offset, int Length, bool IsLast)> Parts(int payload, int room)
    {
        var step = Math.Max(8, room / 8 * 8);
        for (var offset = 0; offset < payload; offset += step)
        {
            var isLast = offset + step >= payload;
            yield return (offset, isLast ? payload - offset : step, isLast);
        }
    }
}
