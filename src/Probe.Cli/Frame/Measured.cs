using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using Probe.Report.Diagnosis;

namespace Probe.Cli.Frame;

/// <summary>
/// What one measurement gives back: the parts of the document that it fills, what is missing, and what it says itself of its targets.
/// </summary>
internal sealed record Measured
{
    /// <summary>Why it ended.</summary>
    public required SweepEnd End { get; init; }

    /// <summary>When its statistics begin; null for the start of the program.</summary>
    public Instant? Started { get; init; }

    /// <summary>When its last packet was waited for; null for now.</summary>
    public Instant? Ended { get; init; }

    /// <summary>Traces; null when it made none, or when they are written already.</summary>
    public IReadOnlyList<TraceEvidence>? Traces { get; init; }

    /// <summary>Checks; null when it made none.</summary>
    public IReadOnlyList<CheckEvidence>? Checks { get; init; }

    /// <summary>Path MTUs; null when it searched none.</summary>
    public IReadOnlyList<PathMtuEvidence>? PathMtus { get; init; }

    /// <summary>Connections of this host to the targets.</summary>
    public IReadOnlyList<SocketEvidence> Sockets { get; init; } = [];

    /// <summary>What could not be collected.</summary>
    public IReadOnlyList<Gap> Gaps { get; init; } = [];

    /// <summary>What the rules say of results that are written already; null when the frame is to judge the parts.</summary>
    public Judgement? Judged { get; init; }

    /// <summary>It has found a fault itself: a target that is down, never answered, or has another size than expected.</summary>
    public bool HasFault { get; init; }

    /// <summary>Something that was asked for is not known.</summary>
    public bool HasUnknown { get; init; }

    /// <summary>
    /// Faults that rules find in its parts count for the exit code; not so for a target that was cut off, or that may stay silent.
    /// </summary>
    public bool CountsFindings { get; init; } = true;
}
