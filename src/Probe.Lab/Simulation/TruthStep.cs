using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>
/// A packet at a node, and where it may go from there. Steps are never changed; each next one has its own copy of the packet.
/// </summary>
internal sealed class TruthStep
{
    private readonly SimulatedNetwork _network;
    private readonly FlowFields _varied;
    private readonly long _atNs;

    private TruthStep(SimulatedNetwork network, SimulatedNode node, SimulatedPacket packet, Channel? inbound, FlowFields varied, long atNs,
        bool wasInside = false, bool isOwn = false)
    {
        (_network, Node, Packet, Inbound, _varied, _atNs) = (network, node, packet, inbound, varied, atNs);
        Arrived = Copy(packet);
        if (inbound is not null && !wasInside && node.Spec.Nat is not null)
        {
            Nat(node)?.Arriving(node, Packet);
        }

        var entry = network.Routes.Look(node, Packet.Destination);
        IsLocal = isOwn || entry is { IsLocal: true };
    }

    public SimulatedNode Node { get; }

    /// <summary>The packet with its destination translated, when the node does so.</summary>
    public SimulatedPacket Packet { get; }

    /// <summary>The packet as it came.</summary>
    public SimulatedPacket Arrived { get; }

    public Channel? Inbound { get; }

    public bool IsLocal { get; }

    /// <summary>
    /// Octets that tunnels have added to the packet since the vantage host sent it; negative inside one that it wrapped itself.
    /// </summary>
    public int Added { get; private init; }

    /// <summary>Packets up to this size pass a tunnel in pieces: 1280 for IPv6 in a director's tunnel, else 0.</summary>
    public int InPieces { get; private init; }

    public static TruthStep First(SimulatedNetwork network, ReadOnlySpan<byte> octets, FlowFields varied, long atNs) =>
        new(network, network.Vantage, Read(octets), null, varied, atNs);

    /// <summary>The directions that the packet, or another of the varied flows, may take next.</summary>
    public IReadOnlyList<Channel> Channels() => Channels(_network, Node, FlowKey.Of(Packet), _varied, _atNs);

    /// <summary>
    /// The steps at this node at which the packet has been put into a tunnel, or taken out of one; none when neither happens here.
    /// </summary>
    public IEnumerable<TruthStep> Tunnels()
    {
        foreach (var behaviour in IsLocal ? Node.Behaviours : [])
        {
            switch (behaviour)
            {
                case TunnelEndBehaviour end when end.Open(Packet, out var inner) == TunnelEndBehaviour.Opened.Open:
                    yield return Inside(inner, end.IsOwn(inner));
                    break;
                case DirectorBehaviour director:
                    foreach (var (octets, overhead) in director.Outer(Node, Packet, (_varied & FlowFields.FiveTuple) != 0))
                    {
                        yield return new TruthStep(_network, Node, Read(octets), inbound: null, _varied, _atNs)
                        {
                            Added = Added + overhead,
                            InPieces = Packet.IsV6 ? PathMtus.SmallestV6 : 0,
                        };
                    }

                    break;
                default:
                    break;
            }
        }
    }

    /// <summary>The packet is dropped here without a word: the tunnel's end cannot read it.</summary>
    public bool IsUnreadable =>
        IsLocal && Node.Behaviours.Any(behaviour =>
        behaviour is TunnelEndBehaviour end && end.Open(Packet, out _) == TunnelEndBehaviour.Opened.Unreadable);

    /// <summary>A blackhole route swallows the packet here.</summary>
    public bool IsSwallowed =>
        _network.Routes.Look(Node, Packet.Destination)?.StatedAt(_atNs) is { Channels.Length: 0 };

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

        return new TruthStep(_network, channel.To, packet, channel, _varied, _atNs) { Added = Added, InPieces = InPieces };
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
    public static IReadOnlyList<Channel> Channels(SimulatedNetwork network, SimulatedNode node, in FlowKey flow, FlowFields varied,
        long atNs)
    {
        if (network.Routes.Look(node, flow.Destination) is not { } entry)
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

    private TruthStep Inside(ReadOnlySpan<byte> inner, bool isOwn) =>
        new(_network, Node, Read(inner), Inbound, _varied, _atNs, wasInside: true,
            isOwn) { Added = Added - (Packet.Length - inner.Length) };

    private static SimulatedPacket Read(ReadOnlySpan<byte> octets)
    {
        var packet = new SimulatedPacket();
        return packet.TrySet(octets) ? packet : throw new ArgumentException("Not an IP packet.", nameof(octets));
    }

    private static SimulatedPacket Copy(SimulatedPacket packet)
    {
        var copy = new SimulatedPacket();
        copy.CopyFrom(packet);
        return copy;
    }

    // Varying the ports of a packet that has none changes nothing.
    private static FlowFields Effective(FlowFields fields, byte protocol) =>
        ProtocolSets.Of(protocol) == Protocols.Icmp
            ? fields & ~FlowFields.Ports : fields & ~(FlowFields.IcmpChecksum | FlowFields.IcmpIdentifier | FlowFields.IcmpSequence);

    private static NatBehaviour? Nat(SimulatedNode node) =>
        Array.Find(node.Behaviours, behaviour => behaviour is NatBehaviour) as NatBehaviour;
}
