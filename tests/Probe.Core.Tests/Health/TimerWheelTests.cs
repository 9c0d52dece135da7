using Probe.Core.Health;

namespace Probe.Core.Tests.Health;

public class TimerWheelTests
{
    private const int Timers = 300;

    [Fact]
    public void A_timer_fires_when_its_time_has_come_and_never_before()
    {
        var random = new Random(Seed.Value);
        var wheel = new TimerWheel(Timers);
        var due = new Dictionary<int, long>();
        var now = 1_000_000_000_000L;
        for (var round = 0; round < 20_000; round++)
        {
            switch (random.Next(4))
            {
                case 0 or 1 when due.Count < Timers:
                    var timer = Enumerable.Range(0, Timers).First(number => !due.ContainsKey(number));

                    // From already past to several turns of the wheel.
                    due[timer] = now + random.NextInt64(-2_000_000, 1L << random.Next(10, 35));
                    wheel.Add(timer, due[timer]);
                    break;
                case 2 when due.Count > 0:
                    var removed = due.Keys.ElementAt(random.Next(due.Count));
                    due.Remove(removed);
                    wheel.Remove(removed);
                    break;
                default:
                    now += random.NextInt64(0, 1L << random.Next(10, 34));
                    while (wheel.TryTake(now, out var fired))
                    {
                        Assert.True(due.Remove(fired, out var at) && at <= now, $"seed {Seed.Value}, round {round}: {fired} fired at {now}");
                    }

                    Assert.DoesNotContain(due, pair => pair.Value <= now);
                    break;
            }

            Assert.Equal(due.Count, wheel.Count);
            var limit = now + random.NextInt64(1, 100_000_000);
            var next = due.Count == 0 ? limit : Math.Min(limit, due.Values.Min());
            Assert.True(wheel.NextNs(limit) == next, $"seed {Seed.Value}, round {round}: next {wheel.NextNs(limit)}, should be {next}");
        }
    }

    [Fact]
    public void Only_a_hold_up_since_the_check_was_sent_and_long_beside_its_timeout_excuses_a_timeout()
    {
        const long Ms = 1_000_000;
        var holdUps = new HoldUps();
        holdUps.Note(100 * Ms, 140 * Ms);
        Assert.Equal(40 * Ms, holdUps.LongestNs);
        Assert.True(holdUps.Excuse(sinceNs: 120 * Ms, timeoutNs: 150 * Ms));
        Assert.False(holdUps.Excuse(sinceNs: 140 * Ms, timeoutNs: 150 * Ms));
        Assert.False(holdUps.Excuse(sinceNs: 120 * Ms, timeoutNs: 1000 * Ms));

        // Longer ones excuse what shorter ones do; below a millisecond is nobody's excuse.
        holdUps.Note(200 * Ms, 900 * Ms);
        Assert.True(holdUps.Excuse(sinceNs: 500 * Ms, timeoutNs: 5 * Ms));
        Assert.True(holdUps.Excuse(sinceNs: 500 * Ms, timeoutNs: 10_000 * Ms));
        holdUps.Note(1000 * Ms, 1000 * Ms + 900_000);
        Assert.False(holdUps.Excuse(sinceNs: 950 * Ms, timeoutNs: 1 * Ms));
    }
}
