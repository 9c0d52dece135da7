using Probe.Core.Wire;

namespace Probe.Core.Tests.Wire;

public class StampClockTests
{
    private const long Hour = 3_600_000_000_000;
    private const long Ms = 1_000_000;
    private const long Utc = 1_800_000_000_000_000_000;

    [Fact]
    public void A_stamp_stands_on_the_run_clock()
    {
        var clock = new StampClock(Hour, Utc);
        clock.Observe(Hour + 5 * Ms, Utc + 5 * Ms + 30, Hour + 5 * Ms + 60);

        Assert.True(clock.TryConvert(Utc + 4 * Ms, out var at));
        Assert.InRange(at, 4 * Ms - 100, 4 * Ms + 100);
    }

    [Theory]
    [InlineData(Hour)]
    [InlineData(-Hour)]
    [InlineData(2 * Ms)]
    [InlineData(-100_000)]
    public void A_stamp_read_when_the_wall_clock_was_set_is_refused_and_the_next_are_right(long step)
    {
        var clock = new StampClock(Hour, Utc);
        clock.Drained();

        // The clock is set at 10 ms; the stamp was made at 9 ms by the old one and is read at 11 ms.
        clock.Observe(Hour + 11 * Ms, Utc + 11 * Ms + step, Hour + 11 * Ms + 60);
        Assert.False(clock.TryConvert(Utc + 9 * Ms, out _));
        clock.Drained();

        // A packet that lay unread in another queue since before the step.
        clock.Observe(Hour + 12 * Ms, Utc + 12 * Ms + step, Hour + 12 * Ms + 60);
        Assert.False(clock.TryConvert(Utc + 9 * Ms, out _));
        clock.Drained();

        clock.Observe(Hour + 20 * Ms, Utc + 20 * Ms + step, Hour + 20 * Ms + 60);
        Assert.True(clock.TryConvert(Utc + 19 * Ms + step, out var at));
        Assert.InRange(at, 19 * Ms - 100, 19 * Ms + 100);
        Assert.Equal(1, clock.Steps);
    }

    [Fact]
    public void A_reading_torn_by_the_scheduler_is_no_step()
    {
        var clock = new StampClock(Hour, Utc);

        // 900 µs between the two readings of the monotonic clock, the wall clock read at its very end.
        clock.Observe(Hour + 5 * Ms, Utc + 5 * Ms + 900_000, Hour + 5 * Ms + 900_000);
        Assert.Equal(0, clock.Steps);
        Assert.True(clock.TryConvert(Utc + 4 * Ms, out var at));
        Assert.Equal(4 * Ms, at);
    }

    [Fact]
    public void An_absent_stamp_is_refused()
    {
        Assert.False(new StampClock(Hour, Utc).TryConvert(0, out _));
    }
}
