namespace Probe.Core.PathMtu;

/// <summary>Where a search stands: what its phases go by, and what is shown meanwhile.</summary>
internal sealed class SearchProgress(RoundTrips roundTrips)
{
    /// <summary>Round trips of answers.</summary>
    public RoundTrips RoundTrips { get; } = roundTrips;

    /// <summary>What it is doing.</summary>
    public PathMtuPhase Phase { get; set; }

    /// <summary>The sizes of the flow that is being searched.</summary>
    public SizeLedger? Current { get; set; }

    /// <summary>The first step, nanoseconds of the run's clock; -1 before it.</summary>
    public long StartNs { get; set; } = -1;

    /// <summary>The last step.</summary>
    public long NowNs { get; set; }

    /// <summary>Since the first step, nanoseconds.</summary>
    public long ElapsedNs => NowNs - StartNs;

    /// <summary>Probes sent so far.</summary>
    public int ProbesSent { get; set; }

    /// <summary>Probes the target answered so far.</summary>
    public int ProbesAnswered { get; set; }

    /// <summary>The ceiling on probes was reached.</summary>
    public bool OutOfProbes { get; set; }
}
