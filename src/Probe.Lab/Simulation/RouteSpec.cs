using System.Collections.Immutable;

namespace Probe.Lab.Simulation;

/// <summary>
/// A stated route of a node. The longest prefix wins; among equal ones the last whose time has come. Addresses that some node owns are
/// known everywhere as a route of the length they are owned with, by the fewest links: a stated default route does not take their packets,
/// a stated route of the same length does.
/// </summary>
public sealed record RouteSpec
{
    public required IpPrefix Prefix { get; init; }

    /// <summary>Where packets go next; several share them by weight. None: packets are dropped as by a blackhole route.</summary>
    public required ImmutableArray<NextHop> NextHops { get; init; }

    public Balancing Balancing { get; init; } = Balancing.PerFlow;

    /// <summary>What makes packets one flow here.</summary>
    public FlowFields Fields { get; init; } = FlowFields.FiveTuple;

    /// <summary>Seed of the hash; 0 takes one of the node's own, so that routers in a row decide independently.</summary>
    public ulong HashSeed { get; init; }

    /// <summary>When the route appears.</summary>
    public long FromNs { get; init; }

    /// <summary>When it goes.</summary>
    public long UntilNs { get; init; } = long.MaxValue;
}

/// <summary>One next hop.</summary>
/// <param name="To">Name of a link, or of the node at its other end.</param>
/// <param name="Weight">Its share of the flows, relative to the others'.</param>
public sealed record NextHop(string To, double Weight = 1);

/// <summary>How a route with several next hops chooses.</summary>
public enum Balancing
{
    /// <summary>By a hash of <see cref="RouteSpec.Fields"/>.</summary>
    PerFlow,

    /// <summary>At random for each packet.</summary>
    PerPacket,

    /// <summary>In turn.</summary>
    RoundRobin,
}

/// <summary>Fields that a balancer hashes. A packet that lacks a field counts as having zero there.</summary>
[Flags]
public enum FlowFields
{
    None = 0,
    Source = 1,
    Destination = 2,
    Protocol = 4,

    /// <summary>Ports of UDP and TCP; ICMP has none.</summary>
    Ports = 8,

    /// <summary>Identifier of an ICMP echo.</summary>
    IcmpIdentifier = 16,

    /// <summary>Checksum of an ICMP message, which stands where others have the destination port.</summary>
    IcmpChecksum = 32,

    /// <summary>Sequence of an ICMP echo.</summary>
    IcmpSequence = 64,

    /// <summary>IPv6 flow label.</summary>
    FlowLabel = 128,

    /// <summary>TOS or traffic class octet.</summary>
    TrafficClass = 256,

    Addresses = Source | Destination,

    /// <summary>Linux with <c>fib_multipath_hash_policy=1</c>.</summary>
    FiveTuple = Addresses | Protocol | Ports,

    /// <summary>Routers that take the first four octets after the IP header for ports.</summary>
    FirstFourOctets = FiveTuple | IcmpChecksum,
}
