using System.Diagnostics;
using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>What one node does with packets to one class of destinations.</summary>
internal sealed class RouteEntry
{
    public bool IsLocal { get; init; }

    /// <summary>Stated routes, the one to prefer first.</summary>
    public required CompiledRoute[] Stated { get; init; }

    /// <summary>The way of fewest links; null when there is none.</summary>
    public Channel? Shortest { get; init; }

    /// <summary>The stated route that holds at an instant; null when none does.</summary>
    public CompiledRoute? StatedAt(long nowNs)
    {
        foreach (var route in Stated)
        {
            if (route.IsValidAt(nowNs))
            {
                return route;
            }
        }

        return null;
    }
}

/// <summary>A stated route with its next hops looked up.</summary>
internal sealed class CompiledRoute
{
    private readonly Channel[] _channels;
    private readonly double[] _shares;
    private readonly ulong _hashSeed;
    private int _turn;

    public CompiledRoute(RouteSpec spec, SimulatedNode node)
    {
        Spec = spec;
        _channels = [.. spec.NextHops.Select(hop => Find(node, hop.To))];
        _hashSeed = spec.HashSeed != 0 ? spec.HashSeed : node.HashSeed;

        // Ends of the intervals of 0 to 1 that belong to each next hop.
        var total = spec.NextHops.Sum(hop => hop.Weight);
        var sum = 0.0;
        _shares = [.. spec.NextHops.Select(hop => (sum += hop.Weight) / total)];
    }

    public RouteSpec Spec { get; }

    public ReadOnlySpan<Channel> Channels => _channels;

    public bool IsValidAt(long nowNs) => nowNs >= Spec.FromNs && nowNs < Spec.UntilNs;

    /// <summary>The channel of a packet; null for a blackhole route.</summary>
    public Channel? Choose(SimulatedPacket packet, SimulatedNode node)
    {
        if (_channels.Length <= 1)
        {
            return _channels.Length == 0 ? null : _channels[0];
        }

        return Spec.Balancing switch
        {
            Balancing.PerFlow => Choose(FlowKey.Of(packet)),
            Balancing.PerPacket => At(Chance.ToShare(node.NextRandom())),
            Balancing.RoundRobin => _channels[_turn++ % _channels.Length],
            _ => throw new UnreachableException($"nobody said how {Spec.Balancing} chooses"),
        };
    }

    /// <summary>The channel of a flow, for a route that balances per flow.</summary>
    public Channel Choose(in FlowKey flow) => At(flow.Draw(Spec.Fields, _hashSeed));

    private Channel At(double share)
    {
        var at = 0;
        while (at < _shares.Length - 1 && share >= _shares[at])
        {
            at++;
        }

        return _channels[at];
    }

    private static Channel Find(SimulatedNode node, string to) =>
        node.Channels.Find(channel => string.Equals(channel.Link.Name, to, StringComparison.Ordinal))
        ?? node.Channels.Find(channel => string.Equals(channel.To.Name, to, StringComparison.Ordinal))
        ?? throw new ArgumentException($"A route of {node.Name} goes to {to}, which is no link and no neighbour of it.");
}

/// <summary>What a node's routes say of a packet.</summary>
internal enum RouteKind
{
    /// <summary>There is no route.</summary>
    None,

    /// <summary>It is for the node.</summary>
    Local,

    /// <summary>It goes on.</summary>
    Forward,

    /// <summary>It is swallowed.</summary>
    Blackhole,
}
