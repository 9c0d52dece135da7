using System.Buffers.Binary;
using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>Puts fragments together at the node they are for. Overlaps are not fragments of an honest sender and are dropped.</summary>
internal sealed class Reassembler(PacketPool packets)
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
        if (!packets.TryTake(whole, out var joined))
        {
            node.Drop(packet, DropReason.Malformed);
            return false;
        }

        (joined.Id, joined.Cause, joined.Inbound) = (packet.Id, packet.Cause, packet.Inbound);
        packets.Release(packet);
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
