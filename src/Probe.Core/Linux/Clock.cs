using static Probe.Core.Linux.ProcessConstants;

namespace Probe.Core.Linux;

/// <summary>The kernel's clocks in nanoseconds.</summary>
internal static unsafe class Clock
{
    /// <summary>CLOCK_MONOTONIC: never goes back, stops while the machine sleeps.</summary>
    public static long Monotonic => Read(CLOCK_MONOTONIC);

    /// <summary>CLOCK_REALTIME: UTC since 1970; the clock of packet stamps. It jumps when someone sets it.</summary>
    public static long Realtime => Read(CLOCK_REALTIME);

    private static long Read(int clock)
    {
        timespec time;
        _ = LibC.clock_gettime(clock, &time);
        return time.Nanoseconds;
    }
}
