using Probe.Core.Probing;

namespace Probe.Core.Tests.Probing;

public class SlidingWindowTests
{
    [Fact]
    public void Never_more_than_the_limit_in_any_span()
    {
        const int Limit = 50;
        const long Span = 1_000;
        var window = new SlidingWindow(Limit, Span);
        var random = new Random(11);
        var events = new List<long>();
        for (var now = 0L; now < 100_000; now += random.Next(0, 8))
        {
            if (window.NextNs <= now)
            {
                window.Add(now);
                events.Add(now);
            }
        }

        Assert.True(events.Count > 4_000, "the window held back too much");
        for (var i = Limit; i < events.Count; i++)
        {
            Assert.True(events[i] - events[i - Limit] >= Span, $"{Limit + 1} events within {events[i] - events[i - Limit]}");
        }
    }

    [Fact]
    public void The_whole_limit_may_go_at_once()
    {
        var window = new SlidingWindow(1000, 1_000_000_000);
        for (var i = 0; i < 1000; i++)
        {
            Assert.True(window.NextNs <= 5);
            window.Add(5);
        }

        Assert.Equal(1_000_000_005, window.NextNs);
    }
}
