using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>
/// Routes of all nodes. Destinations that every node treats alike form a class: the longest of all prefixes known in the network that
/// covers them.
/// </summary>
internal sealed class RoutingTable
{
    private readonly SimulatedNode[] _nodes;
    private readonly Dictionary<IpAddress, int>[] _byLength = new Dictionary<IpAddress, int>[129];
    private readonly int[] _lengthsV4;
    private readonly int[] _lengthsV6;
    private readonly List<IpPrefix> _prefixes = [];
    private readonly Dictionary<IpPrefix, List<SimulatedNode>> _owners = [];
    private readonly Dictionary<int, int[]> _distances = [];
    private readonly CompiledRoute[][] _routes;

    public RoutingTable(SimulatedNode[] nodes, IReadOnlyList<LinkSpec> links)
    {
        _nodes = nodes;
        _routes = [.. nodes.Select(node => node.Spec.Routes.Select(route => new CompiledRoute(route, node)).ToArray())];
        var byName = nodes.ToDictionary(node => node.Name, StringComparer.Ordinal);
        foreach (var link in links)
        {
            foreach (var end in new[] { link.A, link.B })
            {
                foreach (var address in end.Addresses)
                {
                    Own(IpPrefix.Of(address), byName[end.Node]);
                }
            }
        }

        foreach (var node in nodes)
        {
            foreach (var prefix in node.Spec.Addresses)
            {
                Own(prefix, node);
            }

            foreach (var route in node.Spec.Routes)
            {
                Know(route.Prefix);
            }
        }

        _lengthsV4 = Lengths(4);
        _lengthsV6 = Lengths(16);
        foreach (var node in nodes)
        {
            node.Table = new RouteEntry?[_prefixes.Count];
        }
    }

    /// <summary>Class of a destination; -1 when nobody knows it.</summary>
    public int ClassOf(IpAddress destination)
    {
        foreach (var length in destination.IsV4 ? _lengthsV4 : _lengthsV6)
        {
            if (_byLength[length].TryGetValue(IpPrefix.Cut(destination, length), out var found))
            {
                return found;
            }
        }

        return -1;
    }

    /// <summary>What a node does with a class; null when there is no way.</summary>
    public RouteEntry? Look(SimulatedNode node, int destinationClass) =>
        destinationClass < 0 ? null : node.Table[destinationClass] ??= Fill(node, destinationClass);

    /// <summary>What a node does with packets to an address; null when there is no way.</summary>
    public RouteEntry? Look(SimulatedNode node, IpAddress destination) => Look(node, ClassOf(destination));

    /// <summary>The channel by which a packet leaves a node; null when it does not.</summary>
    public Channel? Route(SimulatedNode node, SimulatedPacket packet, long nowNs, out RouteKind kind)
    {
        if (packet.Route < 0)
        {
            packet.Route = ClassOf(packet.Destination);
        }

        kind = RouteKind.None;
        if (Look(node, packet.Route) is not { } entry)
        {
            return null;
        }

        if (entry.IsLocal)
        {
            kind = RouteKind.Local;
            return null;
        }

        if (entry.StatedAt(nowNs) is { } stated)
        {
            kind = stated.Channels.Length == 0 ? RouteKind.Blackhole : RouteKind.Forward;
            return stated.Choose(packet, node);
        }

        kind = entry.Shortest is null ? RouteKind.None : RouteKind.Forward;
        return entry.Shortest;
    }

    /// <summary>MTU of the link by which a node sends to an address; 0 without a route.</summary>
    public int FirstMtu(SimulatedNode node, IpAddress destination, long nowNs)
    {
        if (Look(node, destination) is not { } entry)
        {
            return 0;
        }

        if (entry.StatedAt(nowNs) is { } stated)
        {
            return stated.Channels.Length == 0 ? 0 : stated.Channels[0].Mtu;
        }

        return entry.IsLocal ? ushort.MaxValue : entry.Shortest?.Mtu ?? 0;
    }

    private RouteEntry Fill(SimulatedNode node, int destinationClass)
    {
        var prefix = _prefixes[destinationClass];
        var distances = DistancesTo(destinationClass);
        var (owners, ownedLength) = OwnersOf(prefix);

        // What somebody owns is known as a route of that length: a stated default route does not hide it.
        var stated = _routes[node.Index]
            .Where(route => route.Spec.Prefix.Contains(prefix) && route.Spec.Prefix.Length >= ownedLength)
            .Reverse()
            .OrderByDescending(route => route.Spec.Prefix.Length);
        return new RouteEntry
        {
            IsLocal = owners.Contains(node),
            Stated = [.. stated],
            Shortest = node.Channels.Find(channel =>
                distances[node.Index] != int.MaxValue && distances[channel.To.Index] == distances[node.Index] - 1
                && (channel.To.Spec.Forwards || distances[channel.To.Index] == 0)),
        };
    }

    private int[] DistancesTo(int destinationClass)
    {
        if (_distances.TryGetValue(destinationClass, out var known))
        {
            return known;
        }

        var distances = new int[_nodes.Length];
        Array.Fill(distances, int.MaxValue);
        var waiting = new Queue<SimulatedNode>();
        foreach (var owner in OwnersOf(_prefixes[destinationClass]).Owners)
        {
            distances[owner.Index] = 0;
            waiting.Enqueue(owner);
        }

        while (waiting.TryDequeue(out var node))
        {
            foreach (var channel in node.Channels)
            {
                // Every link has both directions, so the way to a neighbour is as long as the way from it.
                var next = channel.To;
                if (distances[next.Index] != int.MaxValue)
                {
                    continue;
                }

                distances[next.Index] = distances[node.Index] + 1;
                if (next.Spec.Forwards)
                {
                    waiting.Enqueue(next);
                }
            }
        }

        _distances[destinationClass] = distances;
        return distances;
    }

    // The longest owned prefix that covers the class; several nodes may own it: anycast.
    private (List<SimulatedNode> Owners, int Length) OwnersOf(IpPrefix prefix)
    {
        for (var length = prefix.Length; length >= 0; length--)
        {
            if (_owners.TryGetValue(new IpPrefix(prefix.Address, length), out var owners))
            {
                return (owners, length);
            }
        }

        return ([], 0);
    }

    private void Own(IpPrefix prefix, SimulatedNode node)
    {
        Know(prefix);
        if (!_owners.TryGetValue(prefix, out var owners))
        {
            _owners[prefix] = owners = [];
        }

        if (!owners.Contains(node))
        {
            owners.Add(node);
        }
    }

    private void Know(IpPrefix prefix)
    {
        var table = _byLength[prefix.Length] ??= [];
        if (table.TryAdd(prefix.Address, _prefixes.Count))
        {
            _prefixes.Add(prefix);
        }
    }

    private int[] Lengths(int addressLength) =>
        [.. _prefixes.Where(prefix => prefix.Address.Length == addressLength).Select(prefix => prefix.Length).Distinct().OrderDescending()];
}
