namespace Probe.Core.Tracing;

/// <summary>What the stated confidence is of.</summary>
public enum ConfidenceScope
{
    /// <summary>Of each node's next hops, as other implementations have it.</summary>
    Hop,

    /// <summary>Of the whole graph: every node's risk is made so small that all of them together stay within it.</summary>
    Graph,
}

/// <summary>How next hops are searched for.</summary>
public enum MultipathAlgorithm
{
    /// <summary>MDA-Lite as long as every hop's nodes look alike, the full algorithm from then on. For the whole graph always the full one.</summary>
    Lite,

    /// <summary>The full algorithm with node control.</summary>
    Full,
}

/// <summary>How all paths are searched.</summary>
public sealed record MultipathOptions
{
    /// <summary>Target, protocol, TTLs, sizes and ceilings; its flows are the first ones used, its cycles and interval are of no use here.</summary>
    public required TraceOptions Trace { get; init; }

    /// <summary>Gives the flow with this index; null when no more can be had.</summary>
    public required Func<int, Probing.Flow?> FlowAt { get; init; }

    /// <summary>Confidence in percent, above 0 and below 100.</summary>
    public double Confidence { get; init; } = 95;

    /// <summary>What the confidence is of.</summary>
    public ConfidenceScope Scope { get; init; } = ConfidenceScope.Hop;

    /// <summary>How next hops are searched for.</summary>
    public MultipathAlgorithm Algorithm { get; init; } = MultipathAlgorithm.Lite;

    /// <summary>Most probes of the whole search.</summary>
    public int MaxProbes { get; init; } = 5000;
}
