using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Core.Probing;

namespace Probe.Core.Tracing;

/// <summary>What the traces to many targets have in common. Defaults are those of <c>probe trace</c>.</summary>
public sealed record BulkOptions : TtlSweepOptions
{
    /// <summary>
    /// Takes the defaults, and one cycle: then a hop that stays silent though a later one answers is asked once more.
    /// </summary>
    public BulkOptions() => Cycles = 1;

    /// <param name="sweep">What every sweep over the TTL asks.</param>
    public BulkOptions(TtlSweepOptions sweep)
        : base(sweep)
    {
    }

    /// <summary>Octets of one probe, IP header included; null for <see cref="ProbeWriter.DefaultSize"/> of the target's family.</summary>
    public int? Size { get; init; }

    /// <summary>Most targets under way.</summary>
    public int InFlight { get; init; } = 8192;

    /// <summary>Seed of the order in which probes leave.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary><see cref="TraceEvidence.Via"/> of every trace.</summary>
    public IReadOnlyList<string> Via { get; init; } = [];

    /// <summary>Octets of a probe to an address.</summary>
    public int SizeFor(IpAddress target) => Size ?? ProbeWriter.DefaultSize(target.IsV6);
}
