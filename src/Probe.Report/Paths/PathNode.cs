using Probe.Core.Evidence;
using Probe.Core.Vocabulary;

namespace Probe.Report.Paths;

/// <summary>What a node of a path is.</summary>
public enum PathNodeKind
{
    /// <summary>The measuring host.</summary>
    Source,

    /// <summary>An address on the way.</summary>
    Router,

    /// <summary>The target's own address.</summary>
    Target,

    /// <summary>
    /// Probes to this TTL went unanswered: one node for each predecessor, because two silent hops are never known to be one.
    /// </summary>
    Silent,
}

/// <summary>A node of a <see cref="PathGraph"/>: an address at a TTL, so an address seen at two TTLs is two nodes.</summary>
public sealed record PathNode
{
    /// <summary>Its number, from 1, by TTL; its index in <see cref="PathGraph.Nodes"/> plus 1.</summary>
    public required int Id { get; init; }

    /// <summary>Its layer; the source stands one before the first TTL probed.</summary>
    public required int Ttl { get; init; }

    /// <summary>What it is.</summary>
    public required PathNodeKind Kind { get; init; }

    /// <summary>Its address as it stands in the document; null when silent.</summary>
    public string? Address { get; init; }

    /// <summary>What was seen of it; null for the source and when silent.</summary>
    public NodeEvidence? Evidence { get; init; }

    /// <summary>Fraction lost on the path as far as the evidence confirms it; null when it says nothing about it.</summary>
    public double? Loss { get; init; }

    /// <summary>Ids of the flows that passed it, in order.</summary>
    public IReadOnlyList<int> Flows { get; init; } = [];

    /// <summary>A silent node behind which its flows got no answer any more.</summary>
    public bool Ends { get; init; }

    /// <summary>Of a silent node that ends: the last TTL of a run in which nobody answered at all; else its own TTL.</summary>
    public int LastTtl { get; init; }

    /// <summary>It sends packets of one flow on different ways.</summary>
    public bool BalancesPerPacket => Evidence?.Balancing is NodeBalancing.PerPacket;
}

/// <summary>An edge from a node to one a TTL further.</summary>
public sealed record PathEdge
{
    /// <summary><see cref="PathNode.Id"/> of the near end.</summary>
    public required int From { get; init; }

    /// <summary><see cref="PathNode.Id"/> of the far end.</summary>
    public required int To { get; init; }

    /// <summary>Ids of the flows that use it, in order.</summary>
    public required IReadOnlyList<int> Flows { get; init; }

    /// <summary>
    /// Fraction of its flows' probes lost, as far as the far end confirms it; null when the evidence says nothing about it.
    /// </summary>
    public double? Loss { get; init; }

    /// <summary>One flow proved both ends. False where an end is silent, or packets of one flow met several addresses.</summary>
    public required bool Proved { get; init; }
}
