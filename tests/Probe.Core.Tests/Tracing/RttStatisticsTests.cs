using Probe.Core.Tracing;

namespace Probe.Core.Tests.Tracing;

public class RttStatisticsTests
{
    [Fact]
    public void Known_samples_give_known_statistics()
    {
        var rtt = new RttStatistics();
        foreach (var sample in new long[] { 2, 4, 4, 4, 5, 5, 7, 9 })
        {
            rtt.Add(sample);
        }

        var merged = RttStatistics.Merge([rtt], rtt.Last)!;
        Assert.Equal((2, 5, 9, 2, 9), (merged.Min, merged.Avg, merged.Max, merged.Stddev, merged.Last));
        Assert.Equal((4, 9), (merged.P50, merged.P99));

        // |2−4| + 0 + 0 + 1 + 0 + 2 + 2 = 7 over 7 pairs.
        Assert.Equal(1, merged.Jitter);
    }

    [Fact]
    public void Merging_two_flows_equals_one_flow_of_all_samples_but_for_jitter()
    {
        var (a, b, all) = (new RttStatistics(), new RttStatistics(), new RttStatistics());
        var random = new Random(5);
        for (var i = 0; i < 1000; i++)
        {
            var sample = random.NextInt64(1_000, 50_000_000);
            (i % 3 == 0 ? a : b).Add(sample);
            all.Add(sample);
        }

        var merged = RttStatistics.Merge([a, b], all.Last)!;
        var whole = RttStatistics.Merge([all], all.Last)!;
        Assert.Equal(whole with { Jitter = 0 }, merged with { Jitter = 0 });
    }

    [Fact]
    public void Without_a_sample_there_are_no_statistics() => Assert.Null(RttStatistics.Merge([new RttStatistics()], 0));
}
