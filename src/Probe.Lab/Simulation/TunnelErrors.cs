using System.Buffers.Binary;
using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>What a director makes of ICMP errors about the packets it put into tunnels (ip_vs_in_icmp).</summary>
internal sealed class TunnelErrors(DirectorSpec spec)
{
    /// <summary>Takes an error about an outer packet; false when this is none.</summary>
    public bool Take(SimulatedNode node, SimulatedPacket packet)
    {
        if (!TupleWriter.IsError(packet) || !IcmpMessage.TryRead(packet.Payload, packet.IsV6, out var message)
            || !IpPacket.TryReadQuote(message.Quote, out var outer) || outer.Source != packet.Destination || Find(outer) is not { } server)
        {
            return false;
        }

        if (spec.Relay == DirectorRelay.Missing)
        {
            node.Drop(packet, DropReason.Consumed);
            return true;
        }

        long outerMtu = message.Mtu;
        if (IcmpErrors.IsTooBig(message) && spec.LearnsOuterMtu)
        {
            // What the route says afterwards is what clients are told of.
            node.PathMtus.Learn(outer.Destination, message.Mtu);
            outerMtu = node.PathMtus.To(outer.Destination) is < int.MaxValue and var learned ? learned : outerMtu;
        }

        if (outer.DontFragment)
        {
            // Options that a router put into the quoted header do not move what the tunnel wrote.
            var (header, overhead) = (server.Via[0].OuterHeaderLength, server.Via.Sum(layer => layer.Overhead));
            var told = outerMtu - spec.Relay switch { DirectorRelay.OuterHeaderOnly => header, DirectorRelay.NothingSubtracted => 0,
                _ => overhead };
            Relay(node, packet, message, outer.HeaderLength + overhead - header, (uint)Math.Max(0, told));
        }

        node.Drop(packet, DropReason.Consumed);
        return true;
    }

    private RealServer? Find(in IpPacket outer)
    {
        foreach (var server in spec.Servers)
        {
            if (server.Via is [var layer, ..] && layer.Remote == outer.Destination
                && (outer.Protocol == layer.ProtocolFor(innerV6: false) || outer.Protocol == layer.ProtocolFor(innerV6: true)))
            {
                return server;
            }
        }

        return null;
    }

    private void Relay(SimulatedNode node, SimulatedPacket packet, in IcmpMessage message, int at, uint told)
    {
        // The inner header and what names its connection must be there.
        var quote = at < message.Quote.Length ? message.Quote[at..] : default;
        if (!TupleWriter.TryRead(quote, out var tuple) || !spec.Addresses.Contains(tuple.Destination))
        {
            return;
        }

        var isV6 = tuple.Destination.IsV6;
        var code = IcmpErrors.IsTooBig(message)
            ? IcmpErrors.TooBig(isV6, isV6 && spec.Relay == DirectorRelay.Right ? Math.Max(told, PathMtus.SmallestV6) : told)
            : IcmpErrors.Translate(message.Type, message.Code, packet.IsV6, isV6);
        if (Rebuild(node, packet, quote, isV6) is { } inner)
        {
            node.SendError(inner, code, AnswerFrom.Destination);
            node.Release(inner);
        }
    }

    // The packet that the client sent, as far as the quote shows it.
    private static SimulatedPacket? Rebuild(SimulatedNode node, SimulatedPacket packet, ReadOnlySpan<byte> quote, bool isV6)
    {
        var length = BinaryPrimitives.ReadUInt16BigEndian(quote[(isV6 ? 4 : 2)..]) + (isV6 ? IPv6Header.Length : 0);
        var whole = new byte[Math.Max(length, quote.Length)];
        quote.CopyTo(whole);
        var inner = node.Take();
        if (!inner.TrySet(whole))
        {
            node.Release(inner);
            return null;
        }

        inner.Known = Math.Min(quote.Length, inner.Length);
        (inner.Id, inner.Cause, inner.Inbound) = (packet.Id, packet.Cause, packet.Inbound);
        return inner;
    }
}
