using Probe.Core.Evidence;

namespace Probe.Core.Tracing;

/// <summary>A trace in the middle of its run, for a view. Nothing in it changes any more, so any thread may read it.</summary>
public sealed record TraceSnapshot
{
    /// <summary>The evidence so far, without links and single probes; of one flow only, if so asked.</summary>
    public required TraceEvidence Trace { get; init; }

    /// <summary>
    /// The newest probes by TTL, oldest first; index 0 is unused. Empty unless <see cref="TraceOptions.RecentProbes"/> asked for them.
    /// </summary>
    public required IReadOnlyList<IReadOnlyList<RecentProbe>> Recent { get; init; }

    /// <summary>Cycles begun.</summary>
    public required long Cycles { get; init; }

    /// <summary>Flows that are probed; fewer than seen when a search has ended. 0 while it runs.</summary>
    public int FlowsProbed { get; init; }

    /// <summary>Probes sent, those under way included.</summary>
    public required int Sent { get; init; }

    /// <summary>Probes answered.</summary>
    public required int Answered { get; init; }

    /// <summary>Nothing is sent at the moment.</summary>
    public required bool Paused { get; init; }

    /// <summary>Id of the only flow whose answers these are; null for all.</summary>
    public int? OnlyFlow { get; init; }
}
