using System.Numerics;

namespace Probe.Core.Health;

/// <summary>
/// Remembers when the engine's loop was last held up for how long: by a busy machine, a stopped process, a slow consumer. Lengths are told
/// apart by powers of two, the shortest 2²⁰ ns (about 1 ms).
/// </summary>
internal sealed class HoldUps
{
    private const int Shortest = 20;

    private readonly long[] _lastEnd = new long[64];

    public HoldUps()
    {
        _lastEnd.AsSpan().Fill(long.MinValue);
    }

    /// <summary>The longest so far, nanoseconds.</summary>
    public long LongestNs { get; private set; }

    /// <summary>From one look at what has arrived to the next, or from when a wait should have ended to when it did.</summary>
    public void Note(long fromNs, long toNs)
    {
        // A wait that ended before its time has held nothing up.
        var length = toNs - fromNs;
        if (length < 1L << Shortest)
        {
            return;
        }

        LongestNs = Math.Max(LongestNs, length);
        for (var power = BitOperations.Log2((ulong)length); power >= Shortest; power--)
        {
            _lastEnd[power] = toNs;
        }
    }

    /// <summary>
    /// Whether silence may be this host's own fault: since <paramref name="sinceNs"/> a hold-up lasted so long that an answer to a check
    /// with <paramref name="timeoutNs"/> could have been held up with it. So long is half the timeout, at most half a second, rounded down
    /// to a power of two.
    /// </summary>
    public bool Excuse(long sinceNs, long timeoutNs)
    {
        var threshold = Math.Clamp(timeoutNs / 2, 1L << Shortest, 500_000_000);
        return _lastEnd[BitOperations.Log2((ulong)threshold)] > sinceNs;
    }
}
