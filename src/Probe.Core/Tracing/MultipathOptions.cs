using Probe.Core.Vocabulary;

namespace Probe.Core.Tracing;

/// <summary>How all paths are searched.</summary>
public sealed record MultipathOptions
{
    /// <summary>
    /// Target, protocol, TTLs, sizes and ceilings; its flows are the first ones used, its cycles and interval are of no use here.
    /// </summary>
    public required TraceOptions Trace { get; init; }

    /// <summary>Gives the flow with this index; null when no more can be had.</summary>
    public required Func<int, Probing.Flow?> FlowAt { get; init; }

    /// <summary>Confidence in percent, above 0 and below 100.</summary>
    public double Confidence { get; init; } = 95;

    /// <summary>What the confidence is of.</summary>
    public ConfidenceScope Scope { get; init; } = ConfidenceScope.Hop;

    /// <summary>How next hops are searched for.</summary>
    public MultipathAlgorithm Algorithm { get; init; } = MultipathAlgorithm.MdaLite;

    /// <summary>Most probes of the whole search.</summary>
    public int MaxProbes { get; init; } = 5000;
}
