using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>A packet at a node, and where it may go from there. Steps are never changed; each next one has its own copy of the packet.</summary>
internal sealed class TruthStep
{
    private readonly SimulatedNetwork _network;
    private readonly FlowFields _varied;
    private readonly long _atNs;

    private TruthStep(SimulatedNetwork network, SimulatedNode node, SimulatedPacket packet, Channel? inbound, FlowFields varied, long atNs)
    {
        (_network, Node, Packet, Inbound, _varied, _atNs) = (network, node, packet, inbound, varied, atNs);
        Arrived = Copy(packet);
        if (inbound is not null && node.Spec.Nat is not null)
        {
            Nat(node)?.Arriving(node, Packet);
        }

        var entry = network.Routes.Look(node, network.Routes.ClassOf(Packet.Destination));
        IsLocal = entry is { IsLocal: true };
    }

    public SimulatedNode Node { get; }

    /// <summary>The packet with its destination translated, when the node does so.</summary>
    public SimulatedPacket Packet { get; }

    /// <summary>The packet as it came.</summary>
    public SimulatedPacket Arrived { get; }

    public Channel? Inbound { get; }

    public bool IsLocal { get; }

    public static TruthStep First(SimulatedNetwork network, ReadOnlySpan<byte> octets, FlowFields varied, long atNs)
    {
        var packet = new SimulatedPacket();
        return packet.TrySet(octets)
            ? new TruthStep(network, network.Vantage, packet, null, varied, atNs)
            : throw new ArgumentException("Not an IP packet.", nameof(octets));
    }

    /// <summary>The directions that the packet, or another of the varied flows, may take next.</summary>
    public IReadOnlyList<Channel> Channels() => Channels(_network, Node, FlowKey.Of(Packet), _varied, _atNs);

    /// <summary>A blackhole route swallows the packet here.</summary>
    public bool IsSwallowed =>
        _network.Routes.Look(Node, _network.Routes.ClassOf(Packet.Destination))?.StatedAt(_atNs) is { Channels.Length: 0 };

    /// <summary>The node at the other end, with the packet as it gets there.</summary>
    public TruthStep Over(Channel channel)
    {
        var packet = Copy(Packet);
        if (Inbound is not null)
        {
            packet.Mapping = Packet.Mapping;
            Nat(Node)?.Passing(Node, packet);
            if (Node.Spec.TrafficClass is { } rewrite)
            {
                packet.SetTrafficClass((byte)((packet.TrafficClass & rewrite.Keep) | rewrite.Set));
            }
        }

        return new TruthStep(_network, channel.To, packet, channel, _varied, _atNs);
    }

    /// <summary>The address that an error about the packet would come from here.</summary>
    public IpAddress AnswerAddress()
    {
        if (IsLocal)
        {
            return Arrived.Destination;
        }

        var packet = Copy(Packet);
        packet.Inbound = Inbound;
        return Node.AnswerAddress(packet);
    }

    /// <summary>The directions that any packet of these fields may take from a node.</summary>
    public static IReadOnlyList<Channel> Channels(SimulatedNetwork network, SimulatedNode node, in FlowKey flow, FlowFields varied, long atNs)
    {
        if (network.Routes.Look(node, network.Routes.ClassOf(flow.Destination)) is not { } entry)
        {
            return [];
        }

        if (entry.StatedAt(atNs) is { } stated)
        {
            if (stated.Channels.Length <= 1)
            {
                return stated.Channels.ToArray();
            }

            var isFixed = stated.Spec.Balancing == Balancing.PerFlow && (Effective(stated.Spec.Fields, flow.Protocol) & varied) == 0;
            return isFixed ? [stated.Choose(flow)] : [.. stated.Channels.ToArray().Distinct()];
        }

        return entry.Shortest is { } shortest ? [shortest] : [];
    }

    private static SimulatedPacket Copy(SimulatedPacket packet)
    {
        var copy = new SimulatedPacket();
        copy.CopyFrom(packet);
        return copy;
    }

    // Varying the ports of a packet that has none changes nothing.
    private static FlowFields Effective(FlowFields fields, byte protocol) =>
        ProtocolSets.Of(protocol) == Protocols.Icmp ? fields & ~FlowFields.Ports : fields & ~(FlowFields.IcmpChecksum | FlowFields.IcmpIdentifier | FlowFields.IcmpSequence);

    private static NatBehaviour? Nat(SimulatedNode node) => Array.Find(node.Behaviours, behaviour => behaviour is NatBehaviour) as NatBehaviour;
}
