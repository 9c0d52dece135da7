namespace Probe.Core.Tracing;

/// <summary>
/// How fast one TTL may be probed. A hop that answers some probes and not others is limiting its answers: the gap between probes grows
/// until it answers most, and shrinks as it does.
/// </summary>
internal sealed class HopPace
{
    private const long FirstGapNs = 100_000_000;
    private const long LongestGapNs = 1_000_000_000;
    private const double Growth = 1.5;
    private const double Decay = 0.93;
    private const long ShortestGapNs = 1_000_000;

    private long _nextNs = long.MinValue;

    /// <summary>Time between two probes; 0 while the hop answers everything.</summary>
    public long GapNs { get; private set; }

    /// <summary>The hop did hold back answers.</summary>
    public bool Limited { get; private set; }

    /// <summary>When the next probe may leave.</summary>
    public long NextNs => GapNs == 0 ? long.MinValue : _nextNs;

    /// <summary>A probe leaves.</summary>
    public void Sent(long nowNs) => _nextNs = nowNs + GapNs;

    /// <summary>A probe was answered.</summary>
    public void Answered() => GapNs = GapNs * Decay is var gap && gap < ShortestGapNs ? 0 : (long)gap;

    /// <summary>A probe stayed without an answer although the hop has answered others.</summary>
    public void Missed(long nowNs)
    {
        Limited = true;
        GapNs = Math.Clamp((long)(GapNs * Growth), FirstGapNs, LongestGapNs);
        _nextNs = nowNs + GapNs;
    }
}
