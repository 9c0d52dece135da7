using System.Numerics;

namespace Probe.Core.Health;

/// <summary>
/// Remembers when the engine's loop was last held up for how long: by a busy machine, a stopped process, a slow consumer. Lengths are told apart
/// by powers of two, the shortest 2²⁰ ns (about 1 ms).
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
        var length = toNs - fromNs;
        if (length >> Shortest == 0)
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
    /// Whether nothing that was sent at <paramref name="sinceNs"/> and timed out after <paramref name="timeoutNs"/> may be blamed for it: a hold-up since then
    /// lasted a quarter of the timeout (rounded down to a power of two), at least 1 ms and at most a quarter of a second.
    /// </summary>
    public bool Excuse(long sinceNs, long timeoutNs)
    {
        var threshold = Math.Clamp(timeoutNs / 4, 1L << Shortest, 250_000_000);
        return _lastEnd[BitOperations.Log2((ulong)threshold)] > sinceNs;
    }
}
