using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;

namespace Probe.Core.Tracing;

/// <summary>What the traces to many targets have in common. Defaults are those of <c>probe trace</c>.</summary>
public sealed record BulkOptions
{
    /// <summary>Transport of the probes.</summary>
    public required ProbeProtocol Protocol { get; init; }

    /// <summary>First TTL probed, 1 to <see cref="MaxTtl"/>.</summary>
    public int FirstTtl { get; init; } = 1;

    /// <summary>Last TTL probed, up to 255.</summary>
    public int MaxTtl { get; init; } = 30;

    /// <summary>How often each target is swept. With 1, a hop that stays silent though a later one answers is asked once more.</summary>
    public int Cycles { get; init; } = 1;

    /// <summary>Time from one sweep of a target to its next, nanoseconds.</summary>
    public long IntervalNs { get; init; } = 1_000_000_000;

    /// <summary>How long one answer may take, nanoseconds.</summary>
    public long TimeoutNs { get; init; } = 1_000_000_000;

    /// <summary>Octets of one probe, IP header included; null for <see cref="ProbeWriter.DefaultSize"/> of the target's family.</summary>
    public int? Size { get; init; }

    /// <summary>Differentiated services code point, 0 to 63.</summary>
    public byte Dscp { get; init; }

    /// <summary>
    /// Most probes in any one second, spread evenly over it; <see cref="int.MaxValue"/> for the user's <c>--rate max</c>.
    /// </summary>
    public int MaxPerSecond { get; init; } = 1000;

    /// <summary>Most targets under way.</summary>
    public int InFlight { get; init; } = 8192;

    /// <summary>Seed of the order in which probes leave.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>The TTL of the outermost tunnel header is swept, not the probe's own.</summary>
    public bool SweepsOuter { get; init; }

    /// <summary><see cref="TraceEvidence.Via"/> of every trace.</summary>
    public IReadOnlyList<string> Via { get; init; } = [];

    /// <summary>Octets of a probe to an address.</summary>
    public int SizeFor(IpAddress target) => Size ?? ProbeWriter.DefaultSize(target.IsV6);
}
