using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>The way of packets from node to node: what each does with one, step by step, and what becomes of it on a link.</summary>
internal sealed class PacketPath(SimulatedNetwork network)
{
    private readonly Reassembler _reassembler = new(network.Packets);

    /// <summary>A packet that a node made, or wrapped, leaves it.</summary>
    public void Leave(SimulatedNode node, SimulatedPacket packet)
    {
        network.Note(JournalKind.Made, DropReason.None, node, null, packet);
        if (node == network.Vantage)
        {
            network.Remember(packet);
        }

        foreach (var behaviour in node.Behaviours)
        {
            if (behaviour.Leaving(node, packet) == NodeAction.Taken)
            {
                return;
            }
        }

        var channel = network.Routes.Route(node, packet, network.NowNs, out var kind);
        if (kind == RouteKind.Local)
        {
            Local(node, packet);
        }
        else if (channel is null)
        {
            node.Drop(packet, DropReason.NoRoute);
        }
        else if (Math.Min(channel.Mtu, node.PathMtus.To(packet.Destination)) is var mtu && packet.Length <= mtu)
        {
            Transmit(channel, packet);
        }
        else if (packet.DontFragment && node == network.Vantage)
        {
            node.Drop(packet, DropReason.TooBig);
        }
        else
        {
            Fragment(node, channel, packet, mtu);
        }
    }

    /// <summary>A packet has come to the end of a channel.</summary>
    public void Arrive(Channel channel, SimulatedPacket packet)
    {
        packet.Inbound = channel;
        network.Note(JournalKind.Arrived, DropReason.None, channel.To, channel, packet);
        Enter(channel.To, packet);
    }

    /// <summary>A packet is at a node, from a link or from inside another packet; nothing was decided about it yet.</summary>
    public void Enter(SimulatedNode node, SimulatedPacket packet)
    {
        foreach (var behaviour in node.Behaviours)
        {
            if (behaviour.Arriving(node, packet) == NodeAction.Taken)
            {
                return;
            }
        }

        var next = network.Routes.Route(node, packet, network.NowNs, out var kind);
        if (kind == RouteKind.Local)
        {
            Local(node, packet);
        }
        else if (!node.Spec.Forwards)
        {
            node.Drop(packet, DropReason.NotForwarding);
        }
        else if (next is null)
        {
            if (kind == RouteKind.None)
            {
                node.SendError(packet,
                    packet.IsV6 ? new IcmpCode(IcmpType.DestinationUnreachableV6, 0) : new IcmpCode(IcmpType.DestinationUnreachable, 0));
            }

            node.Drop(packet, DropReason.NoRoute);
        }
        else
        {
            Forward(node, next, packet);
        }
    }

    /// <summary>A packet is for a node.</summary>
    public void Local(SimulatedNode node, SimulatedPacket packet)
    {
        if (packet.IsFragment && (node != network.Vantage || network.ReassemblesAtVantage) && !_reassembler.TryComplete(node, ref packet))
        {
            return;
        }

        network.Note(JournalKind.Delivered, DropReason.None, node, packet.Inbound, packet);
        if (node == network.Vantage)
        {
            network.Deliver(packet);
            return;
        }

        foreach (var behaviour in node.Behaviours)
        {
            if (behaviour.Local(node, packet) == NodeAction.Taken)
            {
                return;
            }
        }

        node.Host.Local(node, packet);
    }

    /// <summary>A packet that was passed on already goes the rest of its way out of a node.</summary>
    public void PassOn(SimulatedNode node, SimulatedPacket packet)
    {
        if (network.Routes.Route(node, packet, network.NowNs, out _) is { } channel)
        {
            Transmit(channel, packet);
        }
        else
        {
            node.Drop(packet, DropReason.NoRoute);
        }
    }

    /// <summary>
    /// Octets of the largest packet that leaves a node whole by the link this one would take, as far as the node knows; 0 without a way.
    /// </summary>
    public int MtuFor(SimulatedNode node, ReadOnlySpan<byte> octets)
    {
        if (!network.Packets.TryTake(octets, out var packet))
        {
            return 0;
        }

        var mtu = network.Routes.Route(node, packet, network.NowNs, out _) is { } channel
            ? Math.Min(channel.Mtu, node.PathMtus.To(packet.Destination)) : 0;
        network.Packets.Release(packet);
        return mtu;
    }

    // The order is that of Linux: TTL, size, count down, filters, NAT.
    private void Forward(SimulatedNode node, Channel next, SimulatedPacket packet)
    {
        var handling = node.Spec.Ttl;
        var ttl = packet.Ttl;
        if (handling != TtlHandling.Hidden && (ttl == 0 || (ttl == 1 && handling == TtlHandling.Decrement)))
        {
            Expire(node, packet);
            return;
        }

        if (packet.Length > next.Mtu && (packet.DontFragment || !node.Spec.TooBig.Fragments))
        {
            SayTooBig(node, next, packet);
            return;
        }

        if (handling != TtlHandling.Hidden)
        {
            packet.Decrement();
        }

        foreach (var behaviour in node.Behaviours)
        {
            if (behaviour.Passing(node, packet) == NodeAction.Taken)
            {
                return;
            }
        }

        if (packet.Length > next.Mtu)
        {
            Fragment(node, next, packet, next.Mtu);
        }
        else
        {
            Transmit(next, packet);
        }
    }

    private static void Expire(SimulatedNode node, SimulatedPacket packet)
    {
        foreach (var behaviour in node.Behaviours)
        {
            if (behaviour.Expiring(node, packet) == NodeAction.Taken)
            {
                return;
            }
        }

        node.SendError(packet, IcmpErrors.Expired(packet.IsV6));
        node.Drop(packet, DropReason.Expired);
    }

    private static void SayTooBig(SimulatedNode node, Channel next, SimulatedPacket packet)
    {
        var policy = node.Spec.TooBig;
        var protocol = ProtocolSets.Of(packet.Protocol);
        if (policy.Silent.HasFlag(protocol) || !packet.DontFragment)
        {
            node.NoteUnanswered(packet, DropReason.Silent);
        }
        else
        {
            var mtu = policy.Lies.HasFlag(protocol) ? policy.Mtu : (uint)next.Mtu;
            node.SendError(packet, IcmpErrors.TooBig(packet.IsV6, mtu));
        }

        node.Drop(packet, DropReason.TooBig);
    }

    private void Transmit(Channel channel, SimulatedPacket packet)
    {
        network.Note(JournalKind.Sent, DropReason.None, channel.From, channel, packet);
        var (dueNs, copyNs) = channel.Carry(network.NowNs);
        if (dueNs < 0)
        {
            network.Note(JournalKind.Dropped, DropReason.Loss, channel.From, channel, packet);
            network.Packets.Release(packet);
            return;
        }

        if (copyNs >= 0)
        {
            var copy = network.Packets.Take();
            copy.CopyFrom(packet);
            network.Schedule(copyNs, new SimulatedEvent(EventKind.Arrives, Channel: channel, Packet: copy));
        }

        network.Schedule(dueNs, new SimulatedEvent(EventKind.Arrives, Channel: channel, Packet: packet));
    }

    private void Fragment(SimulatedNode node, Channel channel, SimulatedPacket packet, int mtu)
    {
        foreach (var fragment in Fragmenter.Cut(packet.Octets, mtu, node.NextId()))
        {
            var part = network.Packets.Take(fragment, node.Name);
            (part.Id, part.Cause) = (packet.Id, packet.Cause);
            Transmit(channel, part);
        }

        network.Packets.Release(packet);
    }
}
