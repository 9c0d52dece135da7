using Probe.Core.Packets;

namespace Probe.Core.Tracing;

/// <summary>How a node was seen to share its traffic, and how sure that is.</summary>
/// <param name="Ttl">Its TTL.</param>
/// <param name="Address">Its address.</param>
/// <param name="Balancing">What it does; unknown where a balancer before it may be what was seen.</param>
/// <param name="NextHops">Addresses seen behind it.</param>
/// <param name="Flows">Its flows that were answered there.</param>
/// <param name="SmallestShareSeen">The smallest share of its traffic that would have been seen, at the risk of the search.</param>
internal readonly record struct NodeVerdict(int Ttl, IpAddress Address, NodeBalancing Balancing, int NextHops, int Flows, double SmallestShareSeen)
{
    public static NodeVerdict Of(Vertex vertex, StoppingRule rule, bool isProved) => new(
        vertex.Ttl, vertex.Address, BalancingOf(vertex, isProved), vertex.NextAddresses.Count, vertex.Answered,
        StoppingRule.SmallestShareSeen(rule.Risk, vertex.Answered));

    private static NodeBalancing BalancingOf(Vertex vertex, bool isProved) => vertex switch
    {
        { PerPacket: true } => NodeBalancing.PerPacket,
        { NextAddresses.Count: 1 } => NodeBalancing.Single,
        _ => isProved ? NodeBalancing.PerFlow : NodeBalancing.Several,
    };
}

/// <summary>How a node shares its traffic.</summary>
internal enum NodeBalancing
{
    /// <summary>One next hop.</summary>
    Single,

    /// <summary>Several next hops; by flow or by packet is not known.</summary>
    Several,

    /// <summary>Several next hops, and a flow keeps to one of them.</summary>
    PerFlow,

    /// <summary>A flow was answered from several next hops.</summary>
    PerPacket,
}
