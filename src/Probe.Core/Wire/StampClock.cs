using Probe.Core.Linux;
using Probe.Core.Vocabulary;

namespace Probe.Core.Wire;

/// <summary>
/// The run's clock (CLOCK_MONOTONIC since the start) and the conversion of kernel packet stamps (CLOCK_REALTIME) to it. Between two
/// steps of the wall clock both clocks differ by a constant, since slewing changes the rate of both alike; so one good reading of the pair
/// serves until someone sets the clock. A stamp made around such a step cannot be placed and is refused.
/// </summary>
internal sealed class StampClock
{
    // A pair of readings is good to its bracket's width; an undisturbed bracket is some 60 ns wide.
    private const long GoodBracketNs = 1_000;
    private const long UselessBracketNs = 1_000_000;

    /// <summary>
    /// Disagreement of the two clocks that is taken for a step, nanoseconds: well above what a bracket can be wrong by, well below an
    /// RTT error that would matter.
    /// </summary>
    public const long ToleranceNs = 20_000;

    // Receive stamps are switched on by a deferred job of the kernel: packets within some 2 ms of the first opening carry none.
    private const long WarmUpNs = 2_000_000;

    private readonly long _start;
    private long _offset;
    private long _bracket = long.MaxValue;
    private bool _stepInThisDrain;
    private bool _suspect;

    /// <summary>Starts the run's clock now.</summary>
    public StampClock()
    {
        _start = Clock.Monotonic;
        StartedUnixNs = Clock.Realtime;
        Anchor();
    }

    /// <summary>Starts a clock whose readings a test supplies.</summary>
    internal StampClock(long startMonotonic, long startRealtime)
    {
        _start = startMonotonic;
        StartedUnixNs = startRealtime;
        Observe(startMonotonic, startRealtime, startMonotonic);
    }

    /// <summary>CLOCK_MONOTONIC at the start.</summary>
    public long StartedMonotonicNs => _start;

    /// <summary>UTC at the start, nanoseconds since 1970.</summary>
    public long StartedUnixNs { get; }

    /// <summary>Nanoseconds since the start.</summary>
    public long NowNs => Clock.Monotonic - _start;

    /// <summary>How often the wall clock was seen to step.</summary>
    public int Steps { get; private set; }

    /// <summary>Waits until the kernel stamps what the sockets opened before this clock's start receive.</summary>
    public void WarmUp()
    {
        // Sleeping, not spinning: the kernel's job needs this CPU (a busy wait of 2 ms left 3 of 3 first answers unstamped).
        do
        {
            Thread.Sleep(1);
        }
        while (NowNs < WarmUpNs);
    }

    /// <summary>Reads both clocks. To be called after each batch of packets was read and before its stamps are converted.</summary>
    public void Anchor()
    {
        for (var attempt = 0; attempt < 3; attempt++)
        {
            var before = Clock.Monotonic;
            var realtime = Clock.Realtime;
            var after = Clock.Monotonic;
            if (after - before <= GoodBracketNs || attempt == 2)
            {
                Observe(before, realtime, after);
                return;
            }
        }
    }

    /// <summary>Takes one reading of the wall clock between two of the monotonic clock.</summary>
    internal void Observe(long before, long realtime, long after)
    {
        var bracket = after - before;
        if (bracket > UselessBracketNs && _bracket != long.MaxValue)
        {
            return;
        }

        var offset = realtime - (before + bracket / 2);
        if (_bracket == long.MaxValue)
        {
            (_offset, _bracket) = (offset, bracket);
        }
        else if (Math.Abs(offset - _offset) > ToleranceNs + bracket)
        {
            (_offset, _bracket) = (offset, bracket);
            Steps++;
            _stepInThisDrain = true;
            _suspect = true;
        }
        else if (bracket <= Math.Max(_bracket, GoodBracketNs))
        {
            (_offset, _bracket) = (offset, bracket);
        }
    }

    /// <summary>
    /// To be called when every queue of stamped packets was found empty: stamps that come later were made after the last step seen
    /// before this drain began.
    /// </summary>
    public void Drained()
    {
        _suspect = _stepInThisDrain;
        _stepInThisDrain = false;
    }

    /// <summary>Converts a kernel stamp; false when it is absent (0) or may stem from before a step of the wall clock.</summary>
    public bool TryConvert(long realtimeNs, out long runNs)
    {
        runNs = realtimeNs - _offset - _start;
        return realtimeNs != 0 && !_suspect;
    }

    /// <summary>When a packet arrived: its stamp where that can be placed, else the time it is read at.</summary>
    /// <param name="realtimeNs">The kernel's stamp; 0 when there is none.</param>
    /// <param name="nowNs">The run's clock after the packet was read; no stamp can be later.</param>
    public (long AtNs, StampSource Stamp) Place(long realtimeNs, long nowNs) =>
        TryConvert(realtimeNs, out var converted) && converted <= nowNs + ToleranceNs
            ? (converted, StampSource.Kernel) : (nowNs, StampSource.User);
}
