using Probe.Core.Packets;
using Probe.Core.Probing;

namespace Probe.Core.Tracing;

/// <summary>One of many targets.</summary>
/// <param name="Index">The caller's number for it.</param>
/// <param name="Address">The address traced.</param>
/// <param name="Source">The source address of its probes.</param>
/// <param name="Flow">Constant over all TTLs.</param>
/// <param name="Via">The encapsulations around its probes, every one with its source; empty for none.</param>
public readonly record struct BulkTarget(int Index, IpAddress Address, IpAddress Source, Flow Flow, EncapsulationStack Via = default);

/// <summary>Whether there is another target.</summary>
public enum FeedStatus
{
    /// <summary>Here it is.</summary>
    Ready,

    /// <summary>Not yet: names are being resolved. Whoever adds one wakes the wire.</summary>
    Waiting,

    /// <summary>There are no more.</summary>
    Ended,
}

/// <summary>Gives a sweep its targets one by one, and takes the finished traces. Called on the loop's thread.</summary>
public interface IBulkTargets
{
    /// <summary>The next target.</summary>
    FeedStatus TryTake(out BulkTarget target);

    /// <summary>A target is done with.</summary>
    void Finished(BulkTrace trace);
}
