using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>A packet that reaches the vantage host; its octets are valid until the network is asked again.</summary>
public readonly ref struct Delivery
{
    /// <summary>When it arrives.</summary>
    public long DueNs { get; init; }

    /// <summary>The whole IP packet.</summary>
    public ReadOnlySpan<byte> Octets { get; init; }

    /// <summary>Number of the packet in the journal.</summary>
    public long Packet { get; init; }

    /// <summary>Number of the packet that made it; 0 for noise.</summary>
    public long Cause { get; init; }
}

/// <summary>What a network keeps about itself.</summary>
public sealed record NetworkOptions
{
    public JournalDetail Journal { get; init; } = JournalDetail.Everything;

    /// <summary>Entries kept, at least; older ones are forgotten in blocks of 256.</summary>
    public int JournalCapacity { get; init; } = 1_000_000;
}

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
    private readonly Stack<SimulatedPacket> _free = [];
    private readonly Reassembler _reassembler;
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
        _reassembler = new Reassembler(this);
        _nodes = [.. topology.Nodes.Select((spec, index) => new SimulatedNode(this, index, spec, topology.Seed))];
        var byName = _nodes.ToDictionary(node => node.Name, StringComparer.Ordinal);
        Channels = Connect(topology, byName);
        foreach (var node in _nodes)
        {
            SetOwnAddresses(node);
        }

        Routes = new RoutingTable(_nodes, topology.Links);
        _vantage = Find(byName, topology.Vantage);
        _noise = [
            .. topology.Noise.Select((noise, index) =>
            new NoiseSource(noise, noise.V6 ? _vantage.OwnV6 : _vantage.OwnV4, topology.Seed, index))];
        for (var i = 0; i < _noise.Length; i++)
        {
            _events.Add(_noise[i].FirstNs, new SimulatedEvent(EventKind.Noise, i));
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
        var taken = Take();
        if (!taken.TrySet(packet))
        {
            Release(taken);
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
            Release(old);
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
    public int FirstMtu(IpAddress destination) => FirstMtu(_vantage, destination);

    internal int FirstMtu(SimulatedNode node, IpAddress destination)
    {
        if (Routes.Look(node, Routes.ClassOf(destination)) is not { } entry)
        {
            return 0;
        }

        if (entry.StatedAt(NowNs) is { } stated)
        {
            return stated.Channels.Length == 0 ? 0 : stated.Channels[0].Mtu;
        }

        return entry.IsLocal ? ushort.MaxValue : entry.Shortest?.Mtu ?? 0;
    }

    internal SimulatedPacket Take() => _free.TryPop(out var packet) ? packet : new SimulatedPacket();

    internal void Release(SimulatedPacket packet)
    {
        packet.Inbound = null;
        packet.Mapping = null;
        packet.Cause = 0;
        _free.Push(packet);
    }

    /// <summary>Puts other octets in a packet's place; they keep its number and the link it came by.</summary>
    internal SimulatedPacket Replace(SimulatedPacket packet, ReadOnlySpan<byte> octets)
    {
        var taken = Take();
        if (!taken.TrySet(octets))
        {
            throw new InvalidOperationException($"A tunnel made a packet that is none: {Convert.ToHexString(octets)}");
        }

        (taken.Id, taken.Cause, taken.Inbound) = (packet.Id, packet.Cause, packet.Inbound);
        Release(packet);
        return taken;
    }

    internal int MtuFor(SimulatedNode node, ReadOnlySpan<byte> octets)
    {
        var packet = Take();
        var mtu = packet.TrySet(octets) && Route(node, packet, out _) is { } channel
            ? Math.Min(channel.Mtu, node.PathMtus.To(packet.Destination)) : 0;
        Release(packet);
        return mtu;
    }

    internal void Make(SimulatedNode node, ReadOnlySpan<byte> octets, long cause, long delayNs)
    {
        var packet = Take();
        if (!packet.TrySet(octets))
        {
            throw new InvalidOperationException($"{node.Name} made a packet that is none: {Convert.ToHexString(octets)}");
        }

        packet.Id = --_made;
        packet.Cause = cause;
        _events.Add(NowNs + delayNs, new SimulatedEvent(EventKind.Leaves, node.Index, Packet: packet));
    }

    internal void SetTimer(SimulatedNode node, long afterNs, INodeBehaviour behaviour, object state) =>
        _events.Add(NowNs + afterNs, new SimulatedEvent(EventKind.Timer, node.Index, State: (behaviour, state)));

    internal void Note(JournalKind kind, DropReason reason, SimulatedNode node, Channel? channel, SimulatedPacket packet) =>
        Journal.Add(NowNs, kind, reason, node.Index, channel?.Index ?? -1, packet);

    private void Happen(in SimulatedEvent next)
    {
        switch (next.Kind)
        {
            case EventKind.Arrives:
                Arrive(next.Channel!, next.Packet!);
                break;
            case EventKind.Leaves:
                Leave(_nodes[next.Place], next.Packet!);
                break;
            case EventKind.Noise:
                MakeNoise(next.Place);
                break;
            default:
                var (behaviour, state) = ((INodeBehaviour, object))next.State!;
                behaviour.TimerRan(_nodes[next.Place], state);
                break;
        }
    }

    internal void Leave(SimulatedNode node, SimulatedPacket packet)
    {
        Note(JournalKind.Made, DropReason.None, node, null, packet);
        if (node == _vantage)
        {
            // What noise forges next looks like this packet.
            _lastInjectedLength = Math.Min(packet.Length, _lastInjected.Length);
            packet.Octets[.._lastInjectedLength].CopyTo(_lastInjected);
        }

        foreach (var behaviour in node.Behaviours)
        {
            if (behaviour.Leaving(node, packet) == NodeAction.Taken)
            {
                return;
            }
        }

        var channel = Route(node, packet, out var kind);
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
        else if (packet.DontFragment && node == _vantage)
        {
            node.Drop(packet, DropReason.TooBig);
        }
        else
        {
            Fragment(node, channel, packet, mtu);
        }
    }

    private void Arrive(Channel channel, SimulatedPacket packet)
    {
        packet.Inbound = channel;
        Note(JournalKind.Arrived, DropReason.None, channel.To, channel, packet);
        Enter(channel.To, packet);
    }

    /// <summary>A packet is at a node, from a link or from inside another packet; nothing was decided about it yet.</summary>
    internal void Enter(SimulatedNode node, SimulatedPacket packet)
    {
        foreach (var behaviour in node.Behaviours)
        {
            if (behaviour.Arriving(node, packet) == NodeAction.Taken)
            {
                return;
            }
        }

        var next = Route(node, packet, out var kind);
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

    /// <summary>A packet is for a node.</summary>
    internal void Local(SimulatedNode node, SimulatedPacket packet)
    {
        if (packet.IsFragment && (node != _vantage || ReassemblesAtVantage) && !_reassembler.TryComplete(node, ref packet))
        {
            return;
        }

        if (node == _vantage)
        {
            Note(JournalKind.Delivered, DropReason.None, node, packet.Inbound, packet);
            _delivered = packet;
            _hasDelivery = true;
            return;
        }

        Note(JournalKind.Delivered, DropReason.None, node, packet.Inbound, packet);
        foreach (var behaviour in node.Behaviours)
        {
            if (behaviour.Local(node, packet) == NodeAction.Taken)
            {
                return;
            }
        }

        node.Host.Local(node, packet);
    }

    private Channel? Route(SimulatedNode node, SimulatedPacket packet, out RouteKind kind)
    {
        if (packet.Route < 0)
        {
            packet.Route = Routes.ClassOf(packet.Destination);
        }

        kind = RouteKind.None;
        if (Routes.Look(node, packet.Route) is not { } entry)
        {
            return null;
        }

        if (entry.IsLocal)
        {
            kind = RouteKind.Local;
            return null;
        }

        if (entry.StatedAt(NowNs) is { } stated)
        {
            kind = stated.Channels.Length == 0 ? RouteKind.Blackhole : RouteKind.Forward;
            return stated.Choose(packet, node);
        }

        kind = entry.Shortest is null ? RouteKind.None : RouteKind.Forward;
        return entry.Shortest;
    }

    /// <summary>A packet that was passed on already goes the rest of its way out of a node.</summary>
    internal void PassOn(SimulatedNode node, SimulatedPacket packet)
    {
        if (Route(node, packet, out _) is { } channel)
        {
            Transmit(channel, packet);
        }
        else
        {
            node.Drop(packet, DropReason.NoRoute);
        }
    }

    private void Transmit(Channel channel, SimulatedPacket packet)
    {
        Note(JournalKind.Sent, DropReason.None, channel.From, channel, packet);
        var (dueNs, copyNs) = channel.Carry(NowNs);
        if (dueNs < 0)
        {
            Note(JournalKind.Dropped, DropReason.Loss, channel.From, channel, packet);
            Release(packet);
            return;
        }

        if (copyNs >= 0)
        {
            var copy = Take();
            copy.CopyFrom(packet);
            _events.Add(copyNs, new SimulatedEvent(EventKind.Arrives, Channel: channel, Packet: copy));
        }

        _events.Add(dueNs, new SimulatedEvent(EventKind.Arrives, Channel: channel, Packet: packet));
    }

    private void Fragment(SimulatedNode node, Channel channel, SimulatedPacket packet, int mtu)
    {
        foreach (var fragment in Fragmenter.Cut(packet.Octets, mtu, node.NextId()))
        {
            var part = Take();
            if (!part.TrySet(fragment))
            {
                throw new InvalidOperationException($"A fragment is no packet: {Convert.ToHexString(fragment)}");
            }

            part.Id = packet.Id;
            part.Cause = packet.Cause;
            Transmit(channel, part);
        }

        Release(packet);
    }

    private void MakeNoise(int index)
    {
        var octets = _noise[index].Next(_lastInjected.AsSpan(0, _lastInjectedLength));
        if (!octets.IsEmpty)
        {
            var packet = Take();
            if (!packet.TrySet(octets))
            {
                throw new InvalidOperationException($"Noise is no packet: {Convert.ToHexString(octets)}");
            }

            packet.Id = --_made;
            Local(_vantage, packet);
        }

        var next = _noise[index].NextAfter(NowNs);
        if (next != long.MaxValue)
        {
            _events.Add(next, new SimulatedEvent(EventKind.Noise, index));
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

    private enum RouteKind
    {
        None,
        Local,
        Forward,
        Blackhole,
    }
}
