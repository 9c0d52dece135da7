using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>A node at run time, as its behaviours see it.</summary>
public sealed class SimulatedNode
{
    private readonly SimulatedNetwork _network;
    private readonly ErrorSender _errors;
    private Chance _chance;
    private ushort _nextId;

    internal SimulatedNode(SimulatedNetwork network, int index, NodeSpec spec, ulong seed)
    {
        _network = network;
        Index = index;
        Spec = spec;
        _chance = new Chance(seed, (ulong)index + 0x22_0000_0000);
        HashSeed = _chance.Next();
        _nextId = (ushort)_chance.Next();
        _errors = new ErrorSender(this, network.ErrorBuffers);
        Behaviours = Compose(spec);
        Host = new HostBehaviour(spec.Host ?? HostSpec.Default);
    }

    public NodeSpec Spec { get; }

    public string Name => Spec.Name;

    public long NowNs => _network.NowNs;

    internal int Index { get; }

    /// <summary>What the node does beyond forwarding; none for most.</summary>
    internal INodeBehaviour[] Behaviours { get; }

    /// <summary>Takes what is for the node and what no behaviour took.</summary>
    internal HostBehaviour Host { get; }

    internal List<Channel> Channels { get; } = [];

    /// <summary>Addresses to answer from when no interface gives one.</summary>
    internal IpAddress OwnV4 { get; set; }

    internal IpAddress OwnV6 { get; set; }

    internal ulong HashSeed { get; }

    /// <summary>What this node's table says about each class of destinations; filled when first asked.</summary>
    internal RouteEntry?[] Table { get; set; } = [];

    /// <summary>The next random number of this node.</summary>
    public ulong NextRandom() => _chance.Next();

    /// <summary>True for this share of the draws.</summary>
    public bool Hits(double share) => _chance.Hits(share);

    /// <summary>The next IPv4 identification of this node.</summary>
    public ushort NextId() => ++_nextId == 0 ? ++_nextId : _nextId;

    /// <summary>Sends a packet that this node made.</summary>
    /// <param name="octets">The whole packet with its checksums.</param>
    /// <param name="cause">The packet it answers.</param>
    /// <param name="delayNs">Time until it leaves.</param>
    public void Send(ReadOnlySpan<byte> octets, SimulatedPacket? cause, long delayNs = 0) => _network.Make(this, octets, cause?.Id ?? 0, delayNs);

    /// <summary>Answers a packet with an ICMP error, unless the node's policy, a limit or a rule of the protocol forbids it.</summary>
    public void SendError(SimulatedPacket packet, IcmpCode code, AnswerFrom from = AnswerFrom.Node) => _errors.Send(packet, code, from);

    /// <summary>Ends a packet's way here and gives its buffer back.</summary>
    public void Drop(SimulatedPacket packet, DropReason reason)
    {
        _network.Note(JournalKind.Dropped, reason, this, packet.Inbound, packet);
        _network.Release(packet);
    }

    /// <summary>Gives back the buffer of a packet that was used up.</summary>
    public void Release(SimulatedPacket packet) => _network.Release(packet);

    /// <summary>Calls the behaviour back later.</summary>
    public void SetTimer(long afterNs, INodeBehaviour behaviour, object state) => _network.SetTimer(this, afterNs, behaviour, state);

    internal void NoteUnanswered(SimulatedPacket packet, DropReason reason) =>
        _network.Note(JournalKind.Unanswered, reason, this, packet.Inbound, packet);

    internal IpAddress AnswerAddress(SimulatedPacket packet) => _errors.AddressFor(packet);

    private static INodeBehaviour[] Compose(NodeSpec spec)
    {
        var behaviours = new List<INodeBehaviour>();
        if (!spec.Rules.IsDefaultOrEmpty)
        {
            behaviours.Add(new RuleBehaviour(spec.Rules));
        }

        if (spec.TrafficClass is { } rewrite)
        {
            behaviours.Add(new TrafficClassBehaviour(rewrite));
        }

        if (spec.Nat is { } nat)
        {
            behaviours.Add(new NatBehaviour(nat));
        }

        return [.. behaviours];
    }
}
