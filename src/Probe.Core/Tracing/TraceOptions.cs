using Probe.Core.Packets;
using Probe.Core.Probing;

namespace Probe.Core.Tracing;

/// <summary>What a trace of one target asks. Defaults are those of <c>probe trace</c>.</summary>
public sealed record TraceOptions : TtlSweepOptions
{
    /// <summary>Takes the defaults.</summary>
    public TraceOptions()
    {
    }

    /// <param name="sweep">What every sweep over the TTL asks.</param>
    public TraceOptions(TtlSweepOptions sweep)
        : base(sweep)
    {
    }

    /// <summary>The address traced.</summary>
    public required IpAddress Target { get; init; }

    /// <summary>The source address of the probes.</summary>
    public required IpAddress Source { get; init; }

    /// <summary>The flows, each constant over all TTLs; at least one.</summary>
    public required IReadOnlyList<Flow> Flows { get; init; }

    /// <summary>Octets of one probe, IP header included.</summary>
    public required int Size { get; init; }

    /// <summary>The DF bit (IPv4).</summary>
    public bool DontFragment { get; init; } = true;

    /// <summary>Tunnel headers around the probes, nothing left open in them; empty for plain ones.</summary>
    public EncapsulationStack Via { get; init; }

    /// <summary>How many of the newest probes to each TTL are remembered one by one for a view; 0 for none.</summary>
    public int RecentProbes { get; init; }

    /// <summary>Most probes to one TTL in any ten seconds; <see cref="int.MaxValue"/> for the user's <c>--rate max</c>.</summary>
    public int MaxPerTtlIn10Seconds { get; init; } = 500;

    /// <summary>
    /// Whether now only one probe of a flow may be under way, silent ones apart; asked before each step, null for never. A wire that could
    /// not tell answers apart wants it.
    /// </summary>
    public Func<bool>? OneAtATime { get; init; }
}
