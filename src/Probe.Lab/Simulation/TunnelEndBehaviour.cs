using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>Takes the packets out of the tunnels that end at a node.</summary>
internal sealed class TunnelEndBehaviour(TunnelEndSpec spec) : INodeBehaviour
{
    public NodeAction Local(SimulatedNode node, SimulatedPacket packet)
    {
        switch (Open(packet, out var inner))
        {
            case Opened.NotMine:
                return NodeAction.Pass;
            case Opened.Unreadable:
                node.Drop(packet, DropReason.Tunnel);
                return NodeAction.Taken;
            default:
                node.Continue(packet, inner, IsOwn(inner));
                return NodeAction.Taken;
        }
    }

    /// <summary>Takes one layer off; a checksum that was left to the receiver is written in place.</summary>
    public Opened Open(SimulatedPacket packet, out Span<byte> inner)
    {
        inner = default;
        var result = Opened.NotMine;
        foreach (var layer in spec.Accepts)
        {
            if (!IsMine(layer, packet))
            {
                continue;
            }

            if (EncapsulationReader.TryDecapsulate(layer, packet.Octets, out inner, out _))
            {
                return Opened.Open;
            }

            result = Opened.Unreadable;
        }

        return result;
    }

    /// <summary>The node answers for the destination of what was inside.</summary>
    public bool IsOwn(ReadOnlySpan<byte> inner) => IpPacket.TryRead(inner, out var ip) && spec.Addresses.Contains(ip.Destination);

    // Some socket or protocol handler of the kernel takes it, whatever it then makes of it.
    private static bool IsMine(Encapsulation layer, SimulatedPacket packet)
    {
        if (layer.Remote != packet.Destination)
        {
            return false;
        }

        return layer switch
        {
            UdpEncapsulation udp =>
                packet.Protocol == IpProtocol.Udp && UdpHeader.TryRead(packet.Payload, out var header)
                && header.DestinationPort == udp.Port,
            IpIpEncapsulation => packet.Protocol is IpProtocol.IpIp or IpProtocol.IPv6,
            _ => packet.Protocol == IpProtocol.Gre,
        };
    }

    /// <summary>What a tunnel's end makes of a packet.</summary>
    internal enum Opened
    {
        /// <summary>Nothing here knows its protocol or port.</summary>
        NotMine,

        /// <summary>It is of a kind that is known here, and dropped.</summary>
        Unreadable,

        /// <summary>The packet inside was found.</summary>
        Open,
    }
}
