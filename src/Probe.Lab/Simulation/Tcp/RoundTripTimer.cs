namespace Probe.Lab.Simulation.Tcp;

/// <summary>The retransmission timeout of a connection (RFC 6298 with Linux's floor: tcp_rtt_estimator, tcp_set_rto).</summary>
internal sealed class RoundTripTimer
{
    /// <summary>TCP_RTO_MIN.</summary>
    public const long FloorNs = 200_000_000;

    private const long InitialNs = 1_000_000_000;

    // TCP_RTO_MAX
    private const long CeilingNs = 120_000_000_000;

    private long _variationNs;

    /// <summary>Smoothed round trip; null before the first measurement.</summary>
    public long? SmoothedNs { get; private set; }

    /// <summary>Least round trip.</summary>
    public long? LeastNs { get; private set; }

    /// <summary>Timeouts in a row: each doubles the timeout.</summary>
    public int Backoff { get; set; }

    /// <summary>The timeout without its doublings.</summary>
    public long BaseNs => SmoothedNs is { } smoothed ? smoothed + Math.Max(FloorNs, 4 * _variationNs) : InitialNs;

    /// <summary>The timeout now.</summary>
    public long TimeoutNs => Math.Min(CeilingNs, BaseNs << Math.Min(Backoff, 10));

    /// <summary>A round trip of a segment that was sent once.</summary>
    public void Measure(long ns)
    {
        LeastNs = Math.Min(ns, LeastNs ?? ns);
        if (SmoothedNs is not { } smoothed)
        {
            (SmoothedNs, _variationNs) = (ns, ns / 2);
            return;
        }

        _variationNs += (Math.Abs(ns - smoothed) - _variationNs) / 4;
        SmoothedNs = smoothed + (ns - smoothed) / 8;
    }
}
