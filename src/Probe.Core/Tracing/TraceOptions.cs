using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;

namespace Probe.Core.Tracing;

/// <summary>What a trace asks. Defaults are those of <c>probe trace</c>.</summary>
public sealed record TraceOptions
{
    /// <summary>The address traced.</summary>
    public required IpAddress Target { get; init; }

    /// <summary>The source address of the probes.</summary>
    public required IpAddress Source { get; init; }

    /// <summary>Transport of the probes.</summary>
    public required ProbeProtocol Protocol { get; init; }

    /// <summary>The flows, each constant over all TTLs; at least one.</summary>
    public required IReadOnlyList<Flow> Flows { get; init; }

    /// <summary>First TTL probed, 1 to <see cref="MaxTtl"/>.</summary>
    public int FirstTtl { get; init; } = 1;

    /// <summary>Last TTL probed, up to 255.</summary>
    public int MaxTtl { get; init; } = 30;

    /// <summary>How often each flow is swept; <see cref="int.MaxValue"/> until stopped.</summary>
    public int Cycles { get; init; } = 10;

    /// <summary>Time from one cycle's start to the next, nanoseconds.</summary>
    public long IntervalNs { get; init; } = 1_000_000_000;

    /// <summary>How long one answer may take, nanoseconds.</summary>
    public long TimeoutNs { get; init; } = 1_000_000_000;

    /// <summary>Octets of one probe, IP header included.</summary>
    public required int Size { get; init; }

    /// <summary>Differentiated services code point, 0 to 63.</summary>
    public byte Dscp { get; init; }

    /// <summary>The DF bit (IPv4).</summary>
    public bool DontFragment { get; init; } = true;

    /// <summary>Tunnel headers around the probes, nothing left open in them; empty for plain ones.</summary>
    public EncapsulationStack Via { get; init; }

    /// <summary>
    /// Sweeps the TTL of the outermost header; that of the packet inside stays <see cref="EncapsulationWriter.DefaultTtl"/>.
    /// </summary>
    public bool SweepsOuter { get; init; }

    /// <summary>How many of the newest probes to each TTL are remembered one by one for a view; 0 for none.</summary>
    public int RecentProbes { get; init; }

    /// <summary>Most probes in any one second; <see cref="int.MaxValue"/> for the user's <c>--rate max</c>.</summary>
    public int MaxPerSecond { get; init; } = 1000;

    /// <summary>Most probes to one TTL in any ten seconds; <see cref="int.MaxValue"/> for the user's <c>--rate max</c>.</summary>
    public int MaxPerTtlIn10Seconds { get; init; } = 500;

    /// <summary>
    /// Whether now only one probe of a flow may be under way, silent ones apart; asked before each step, null for never. A wire that could
    /// not tell answers apart wants it.
    /// </summary>
    public Func<bool>? OneAtATime { get; init; }
}
