using Probe.Core.Evidence;
using Probe.Core.Tracing;

namespace Probe.Cli.Live;

/// <summary>Everything the view shows of the run. Immutable: the loop's thread makes it, the view's thread draws it.</summary>
internal sealed record LiveSnapshot
{
    /// <summary>The trace so far.</summary>
    public required TraceSnapshot Run { get; init; }

    /// <summary>Since when the statistics count.</summary>
    public required Instant Started { get; init; }

    /// <summary>How long they do, nanoseconds.</summary>
    public required long ElapsedNs { get; init; }

    /// <summary>Cycles asked for; null for no end.</summary>
    public int? CyclesAsked { get; init; }

    /// <summary>What the search of all paths is doing; null when none is running.</summary>
    public string? Search { get; init; }

    /// <summary>What the rules say of it.</summary>
    public IReadOnlyList<Finding> Findings { get; init; } = [];

    /// <summary>How long the loop's thread was busy making it, nanoseconds.</summary>
    public long CostNs { get; init; }

    /// <summary>An answer to the last key, for a few seconds.</summary>
    public string? Notice { get; init; }
}
