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

/// <summary>Puts fragments together at the node they are for. Overlaps are not fragments of an honest sender and are dropped.</summary>
internal sealed class Reassembler(SimulatedNetwork network)
{
    private const int MaximumWaiting = 1024;

    private readonly Dictionary<(int Node, IpAddress Source, IpAddress Destination, uint Id, byte Protocol), Parts> _waiting = [];

    /// <summary>True when the packet is whole now; otherwise the fragment was taken.</summary>
    public bool TryComplete(SimulatedNode node, ref SimulatedPacket packet)
    {
        var octets = packet.Octets;
        if (!IpPacket.TryRead(octets, out var ip))
        {
            node.Drop(packet, DropReason.Malformed);
            return false;
        }

        // The fragment header is the last extension header before what was fragmented.
        var id = packet.IsV6 ? BinaryPrimitives.ReadUInt32BigEndian(octets[(packet.HeaderLength - 4)..]) : ip.Id;
        var key = (node.Index, ip.Source, ip.Destination, id, ip.Protocol);
        if (!_waiting.TryGetValue(key, out var parts))
        {
            if (_waiting.Count == MaximumWaiting)
            {
                _waiting.Clear();
            }

            _waiting[key] = parts = new Parts();
        }

        parts.Pieces[ip.FragmentOffset] = ip.Payload.ToArray();
        if (ip.FragmentOffset == 0)
        {
            parts.Head = octets.ToArray();
        }

        if (!ip.MoreFragments)
        {
            parts.End = ip.FragmentOffset + ip.Payload.Length;
        }

        var whole = parts.Join();
        if (whole is null)
        {
            node.Drop(packet, DropReason.Fragment);
            return false;
        }

        _waiting.Remove(key);
        var joined = network.Take();
        if (!joined.TrySet(whole))
        {
            network.Release(joined);
            node.Drop(packet, DropReason.Malformed);
            return false;
        }

        (joined.Id, joined.Cause, joined.Inbound) = (packet.Id, packet.Cause, packet.Inbound);
        network.Release(packet);
        packet = joined;
        return true;
    }

    private sealed class Parts
    {
        public SortedDictionary<int, byte[]> Pieces { get; } = [];

        public byte[]? Head { get; set; }

        public int End { get; set; } = -1;

        public byte[]? Join()
        {
            var at = 0;
            foreach (var (offset, piece) in Pieces)
            {
                if (offset != at)
                {
                    return null;
                }

                at += piece.Length;
            }

            return Head is null || at != End ? null : Head[0] >> 4 == 6 ? JoinV6(Head, at) : JoinV4(Head, at);
        }

        private byte[] JoinV4(byte[] head, int length)
        {
            var header = (head[0] & 0x0f) * 4;
            var whole = new byte[header + length];
            head.AsSpan(0, header).CopyTo(whole);
            Fill(whole.AsSpan(header));
            BinaryPrimitives.WriteUInt16BigEndian(whole.AsSpan(2), (ushort)whole.Length);
            whole.AsSpan(6, 2).Clear();
            whole.AsSpan(10, 2).Clear();
            BinaryPrimitives.WriteUInt16BigEndian(whole.AsSpan(10), Checksum.Of(whole.AsSpan(0, header)));
            return whole;
        }

        private byte[] JoinV6(byte[] head, int length)
        {
            var whole = new byte[IPv6Header.Length + length];
            head.AsSpan(0, IPv6Header.Length).CopyTo(whole);
            whole[6] = head[IPv6Header.Length];
            BinaryPrimitives.WriteUInt16BigEndian(whole.AsSpan(4), (ushort)length);
            Fill(whole.AsSpan(IPv6Header.Length));
            return whole;
        }

        private void Fill(Span<byte> payload)
        {
            foreach (var (offset, piece) in Pieces)
            {
                piece.CopyTo(payload[offset..]);
            }
        }
    }
}
