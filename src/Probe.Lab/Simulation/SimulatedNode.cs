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

    /// <summary>What the node learned about the ways of its own packets.</summary>
    internal PathMtus PathMtus { get; } = new();

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
    public void Send(ReadOnlySpan<byte> octets, SimulatedPacket? cause, long delayNs = 0) =>
        _network.Make(this, octets, cause?.Id ?? 0, delayNs);

    /// <summary>Answers a packet with an ICMP error, unless the node's policy, a limit or a rule of the protocol forbids it.</summary>
    public void SendError(SimulatedPacket packet, IcmpCode code, AnswerFrom from = AnswerFrom.Node) => _errors.Send(packet, code, from);

    /// <summary>Ends a packet's way here and gives its buffer back.</summary>
    public void Drop(SimulatedPacket packet, DropReason reason)
    {
        _network.Note(JournalKind.Dropped, reason, this, packet.Inbound, packet);
        _network.Packets.Release(packet);
    }

    /// <summary>Gives back the buffer of a packet that was used up.</summary>
    public void Release(SimulatedPacket packet) => _network.Packets.Release(packet);

    /// <summary>Calls the behaviour back later.</summary>
    public void SetTimer(long afterNs, INodeBehaviour behaviour, object state) => _network.SetTimer(this, afterNs, behaviour, state);

    /// <summary>
    /// Octets of the largest packet that leaves whole by the link this one would take, as far as the node knows; 0 without a way.
    /// </summary>
    internal int MtuFor(ReadOnlySpan<byte> packet) => _network.Path.MtuFor(this, packet);

    /// <summary>Sends a packet that the node has put into another one.</summary>
    internal void SendWrapped(SimulatedPacket packet, ReadOnlySpan<byte> outer) =>
        _network.Path.Leave(this, _network.Packets.Replace(packet, outer, Name));

    /// <summary>Goes on with the packet that was inside another one.</summary>
    /// <param name="packet">The outer packet, which is used up.</param>
    /// <param name="inner">The packet inside.</param>
    /// <param name="isLocal">It is for this node, whatever the routes say.</param>
    internal void Continue(SimulatedPacket packet, ReadOnlySpan<byte> inner, bool isLocal)
    {
        var taken = _network.Packets.Replace(packet, inner, Name);
        if (isLocal)
        {
            _network.Path.Local(this, taken);
        }
        else
        {
            _network.Path.Enter(this, taken);
        }
    }

    /// <summary>
    /// Octets of the largest packet to a destination that leaves this node whole, as far as the node knows; 0 without a way.
    /// </summary>
    internal int MtuTo(IpAddress destination) => Math.Min(_network.Routes.FirstMtu(this, destination, NowNs), PathMtus.To(destination));

    /// <summary>Puts a packet that a behaviour held back on its next link.</summary>
    internal void PassOn(SimulatedPacket packet) => _network.Path.PassOn(this, packet);

    internal SimulatedPacket Take() => _network.Packets.Take();

    internal void NoteUnanswered(SimulatedPacket packet, DropReason reason) =>
        _network.Note(JournalKind.Unanswered, reason, this, packet.Inbound, packet);

    internal IpAddress AnswerAddress(SimulatedPacket packet) => _errors.AddressFor(packet);

    private INodeBehaviour[] Compose(NodeSpec spec)
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

        if (spec.Merging is { } merging)
        {
            behaviours.Add(new MergingBehaviour(merging));
        }

        if (spec.TunnelEnd is { } end)
        {
            behaviours.Add(new TunnelEndBehaviour(end));
        }

        if (spec.Director is { } director)
        {
            behaviours.Add(new DirectorBehaviour(director, HashSeed));
        }

        return [.. behaviours];
    }
}
