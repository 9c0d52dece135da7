namespace Probe.Lab.Simulation;

/// <summary>ICMP that reaches the vantage host and is no answer to its probes.</summary>
public sealed record NoiseSpec
{
    /// <summary>Messages a second, spread at random.</summary>
    public double PerSecond { get; init; } = 1000;

    public NoiseKind Kind { get; init; }

    public bool V6 { get; init; }

    public long FromNs { get; init; }

    public long UntilNs { get; init; } = long.MaxValue;
}

/// <summary>What the noise is about.</summary>
public enum NoiseKind
{
    /// <summary>Port-unreachables and time-exceeded that quote packets of other flows of this host and of other hosts.</summary>
    Foreign,

    /// <summary>Errors that quote the last injected packet with its identifiers changed: right addresses and ports, wrong cookie.</summary>
    NearMiss,

    /// <summary>Echo replies, resets and SYN-ACKs nobody asked for.</summary>
    DirectAnswers,

    /// <summary>Random octets behind a right IP header.</summary>
    Garbage,
}
