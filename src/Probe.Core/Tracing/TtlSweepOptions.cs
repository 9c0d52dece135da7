using Probe.Core.Probing;
using Probe.Core.Vocabulary;

namespace Probe.Core.Tracing;

/// <summary>What a sweep over the TTL asks, of one target or of many. Defaults are those of <c>probe trace</c>.</summary>
public record TtlSweepOptions : SweepOptions
{
    /// <summary>Takes the defaults.</summary>
    public TtlSweepOptions()
    {
    }

    /// <param name="sweep">What every sweep goes by.</param>
    public TtlSweepOptions(SweepOptions sweep)
        : base(sweep)
    {
    }

    /// <summary>Transport of the probes.</summary>
    public ProbeProtocol Protocol { get; init; }

    /// <summary>First TTL probed, 1 to <see cref="MaxTtl"/>.</summary>
    public int FirstTtl { get; init; } = 1;

    /// <summary>Last TTL probed, up to 255.</summary>
    public int MaxTtl { get; init; } = 30;

    /// <summary>How often each flow is swept; <see cref="int.MaxValue"/> until stopped.</summary>
    public int Cycles { get; init; } = 10;

    /// <summary>Time from one sweep's start to the next, nanoseconds.</summary>
    public long IntervalNs { get; init; } = 1_000_000_000;

    /// <summary>
    /// Sweeps the TTL of the outermost tunnel header; that of the packet inside stays
    /// <see cref="Packets.EncapsulationWriter.DefaultTtl"/>.
    /// </summary>
    public bool SweepsOuter { get; init; }
}
