using System.Diagnostics;
using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>
/// A network that runs in memory under virtual time: packets go in at the vantage host, events happen in order, and packets come out at
/// instants. The same network and the same packets at the same times give the same journal, however often it is asked in between.
/// One thread owns it.
/// </summary>
public sealed class SimulatedNetwork
{
    private readonly SimulatedNode[] _nodes;
    private readonly SimulatedNode _vantage;
    private readonly NoiseSource[] _noise;
    private readonly EventQueue _events = new();
    private readonly PacketPath _path;
    private readonly byte[] _lastInjected = new byte[2048];
    private int _lastInjectedLength;
    private SimulatedPacket? _delivered;
    private bool _hasDelivery;
    private long _injected;
    private long _made;

    /// <summary>Makes the network of its description.</summary>
    /// <exception cref="ArgumentException">The description names nodes or links that are not there.</exception>
    public SimulatedNetwork(Topology topology, NetworkOptions? options = null)
    {
        Topology = topology;
        options ??= new NetworkOptions();
        Journal = new Journal(this, options.Journal, options.JournalCapacity);
        _path = new PacketPath(this);
        _nodes = [.. topology.Nodes.Select((spec, index) => new SimulatedNode(this, index, spec, topology.Seed))];
        var byName = _nodes.ToDictionary(node => node.Name, StringComparer.Ordinal);
        Channels = Connect(topology, byName);
        foreach (var node in _nodes)
        {
            SetOwnAddresses(node);
        }

        Routes = new RoutingTable(_nodes, topology.Links);
        _vantage = Find(byName, topology.Vantage);
        _noise =
        [
            .. topology.Noise.Select((noise, index) =>
                new NoiseSource(noise, noise.V6 ? _vantage.OwnV6 : _vantage.OwnV4, topology.Seed, index)),
        ];
        for (var i = 0; i < _noise.Length; i++)
        {
            Schedule(_noise[i].FirstNs, new SimulatedEvent(EventKind.Noise, i));
        }
    }

    public Topology Topology { get; }

    /// <summary>Every packet seen at every node.</summary>
    public Journal Journal { get; }

    /// <summary>Virtual time: that of the last event.</summary>
    public long NowNs { get; private set; }

    /// <summary>
    /// When something happens next, though perhaps nothing that reaches the vantage host; <see cref="long.MaxValue"/> for never.
    /// </summary>
    public long NextEventNs => _events.NextDueNs;

    /// <summary>Fragments for the vantage host are put together before they are handed out.</summary>
    internal bool ReassemblesAtVantage { get; set; }

    /// <summary>Where errors are put together, one at a time.</summary>
    internal ErrorBuffers ErrorBuffers { get; } = new();

    /// <summary>The packets under way, and those to be used again.</summary>
    internal PacketPool Packets { get; } = new();

    /// <summary>What becomes of packets.</summary>
    internal PacketPath Path => _path;

    internal RoutingTable Routes { get; }

    internal IReadOnlyList<Channel> Channels { get; }

    internal IReadOnlyList<SimulatedNode> Nodes => _nodes;

    internal SimulatedNode Vantage => _vantage;

    /// <summary>Number of the packet injected last; 0 before the first.</summary>
    public long LastInjected => _injected;

    /// <summary>The vantage host sends a packet.</summary>
    /// <param name="packet">From its IP header on, checksums included.</param>
    /// <param name="nowNs">When it leaves; not before what has happened already.</param>
    /// <returns>The packet's number in the journal: 1, 2, … in the order of the calls. Packets that the network makes have negative
    /// numbers.</returns>
    /// <exception cref="ArgumentException">The octets are no whole IP packet.</exception>
    public long Inject(ReadOnlySpan<byte> packet, long nowNs)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(nowNs, NowNs);
        if (!Packets.TryTake(packet, out var taken))
        {
            throw new ArgumentException("Not a whole IP packet.", nameof(packet));
        }

        taken.Id = ++_injected;
        _events.Add(nowNs, new SimulatedEvent(EventKind.Leaves, _vantage.Index, Packet: taken), isLast: true);
        return taken.Id;
    }

    /// <summary>Lets time pass until the next packet reaches the vantage host, or until an instant.</summary>
    /// <param name="untilNs">How far time may go; it goes there when nothing arrives before.</param>
    /// <param name="delivery">What arrived.</param>
    /// <returns>False when nothing arrived by then.</returns>
    public bool TryNext(long untilNs, out Delivery delivery)
    {
        if (_delivered is { } old)
        {
            _delivered = null;
            Packets.Release(old);
        }

        while (_events.TryTake(untilNs, out var dueNs, out var next))
        {
            NowNs = dueNs;
            Happen(next);
            if (_hasDelivery)
            {
                _hasDelivery = false;
                delivery = new Delivery { DueNs = NowNs, Octets = _delivered!.Octets, Packet = _delivered.Id, Cause = _delivered.Cause };
                return true;
            }
        }

        if (untilNs != long.MaxValue)
        {
            NowNs = Math.Max(NowNs, untilNs);
        }

        delivery = default;
        return false;
    }

    /// <summary>MTU of the link by which the vantage host would send to an address; 0 without a route.</summary>
    public int FirstMtu(IpAddress destination) => Routes.FirstMtu(_vantage, destination, NowNs);

    /// <summary>A node makes a packet that leaves it later.</summary>
    internal void Make(SimulatedNode node, ReadOnlySpan<byte> octets, long cause, long delayNs)
    {
        var packet = Packets.Take(octets, node.Name);
        (packet.Id, packet.Cause) = (--_made, cause);
        Schedule(NowNs + delayNs, new SimulatedEvent(EventKind.Leaves, node.Index, Packet: packet));
    }

    internal void SetTimer(SimulatedNode node, long afterNs, INodeBehaviour behaviour, object state) =>
        Schedule(NowNs + afterNs, new SimulatedEvent(EventKind.Timer, node.Index, State: (behaviour, state)));

    internal void Schedule(long dueNs, SimulatedEvent added) => _events.Add(dueNs, added);

    internal void Note(JournalKind kind, DropReason reason, SimulatedNode node, Channel? channel, SimulatedPacket packet) =>
        Journal.Add(NowNs, kind, reason, node.Index, channel?.Index ?? -1, packet);

    /// <summary>A packet has reached the vantage host.</summary>
    internal void Deliver(SimulatedPacket packet) => (_delivered, _hasDelivery) = (packet, true);

    /// <summary>A packet leaves the vantage host: what noise forges next looks like it.</summary>
    internal void Remember(SimulatedPacket packet)
    {
        _lastInjectedLength = Math.Min(packet.Length, _lastInjected.Length);
        packet.Octets[.._lastInjectedLength].CopyTo(_lastInjected);
    }

    private void Happen(in SimulatedEvent next)
    {
        switch (next.Kind)
        {
            case EventKind.Arrives:
                _path.Arrive(next.Channel!, next.Packet!);
                break;
            case EventKind.Leaves:
                _path.Leave(_nodes[next.Place], next.Packet!);
                break;
            case EventKind.Noise:
                MakeNoise(next.Place);
                break;
            case EventKind.Timer:
                var (behaviour, state) = ((INodeBehaviour, object))next.State!;
                behaviour.TimerRan(_nodes[next.Place], state);
                break;
            default:
                throw new UnreachableException($"nobody said what happens at {next.Kind}");
        }
    }

    private void MakeNoise(int index)
    {
        var octets = _noise[index].Next(_lastInjected.AsSpan(0, _lastInjectedLength));
        if (!octets.IsEmpty)
        {
            var packet = Packets.Take(octets, "A noise source");
            packet.Id = --_made;
            _path.Local(_vantage, packet);
        }

        var next = _noise[index].NextAfter(NowNs);
        if (next != long.MaxValue)
        {
            Schedule(next, new SimulatedEvent(EventKind.Noise, index));
        }
    }

    private static List<Channel> Connect(Topology topology, Dictionary<string, SimulatedNode> byName)
    {
        var channels = new List<Channel>(topology.Links.Length * 2);
        foreach (var link in topology.Links)
        {
            var (a, b) = (Find(byName, link.A.Node), Find(byName, link.B.Node));
            var there = new Channel(channels.Count, a, b, link, link.Quality, link.B, topology.Seed);
            var back = new Channel(channels.Count + 1, b, a, link, link.Back ?? link.Quality, link.A, topology.Seed);
            channels.Add(there);
            channels.Add(back);
            a.Channels.Add(there);
            b.Channels.Add(back);
        }

        return channels;
    }

    private static SimulatedNode Find(Dictionary<string, SimulatedNode> byName, string name) =>
        byName.TryGetValue(name, out var node) ? node : throw new ArgumentException($"No node is called {name}.");

    private void SetOwnAddresses(SimulatedNode node)
    {
        foreach (var isV6 in new[] { false, true })
        {
            var address = node.Spec.Addresses.Select(prefix => prefix.Address)
                .Concat(Topology.Links.SelectMany(link => link.EndsAt(node.Name)).SelectMany(end => end.Addresses))
                .FirstOrDefault(candidate => candidate.IsV6 == isV6 && !candidate.IsNone);
            if (isV6)
            {
                node.OwnV6 = address;
            }
            else
            {
                node.OwnV4 = address;
            }
        }
    }
}
