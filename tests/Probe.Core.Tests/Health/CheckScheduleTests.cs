using Probe.Core.Health;
using Probe.Core.Packets;

namespace Probe.Core.Tests.Health;

/// <summary>What the schedule costs while targets are checked for days.</summary>
public sealed class CheckScheduleTests
{
    private const long Millisecond = 1_000_000;

    [Theory]
    [InlineData(10, false)]
    [InlineData(int.MaxValue, true)]
    public void A_check_that_is_begun_and_ends_allocates_nothing(int mostOfOne, bool oneAtATime)
    {
        var schedule = new CheckSchedule(new CheckPace { Count = int.MaxValue, MaxPerSecond = 4000, MaxPerTargetPerSecond = mostOfOne, OneAtATime = oneAtATime }, Seed.Value);
        for (var i = 0; i < 3000; i++)
        {
            schedule.Add(new CheckTarget { Index = i, Name = "x", Address = IpAddress.FromV4(0xc6120000u + (uint)(i / 2)), Port = 80, IntervalNs = (i % 7) * 300 * Millisecond }, 0);
        }

        var under = new Queue<int>(10_000);
        Go(from: 0, to: 20_000);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var begun = Go(from: 20_000, to: 40_000);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.InRange(begun, 70_000, 80_001);

        // Each millisecond some begin, and those begun before end.
        int Go(int from, int to)
        {
            var count = 0;
            for (var now = from * Millisecond; now < to * Millisecond; now += Millisecond)
            {
                while (under.TryDequeue(out var ended))
                {
                    Assert.True(schedule.Ended(ended, now, out _));
                }

                while (schedule.TryPeek(now, out var target, out _, out _))
                {
                    schedule.Begun(now);
                    under.Enqueue(target.Index);
                    count++;
                }
            }

            return count;
        }
    }
}
