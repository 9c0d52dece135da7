using Probe.Core.Tracing;

namespace Probe.Core.Tests.Tracing;

public class StoppingRuleTests
{
    // The published table for k = 2…16 next hops to rule out; at 8 and 9 the earlier stops cost one flow more (95 %).
    private static readonly int[] Published95 = [6, 11, 16, 21, 27, 33, 38, 44, 51, 57, 63, 70, 76, 83, 90];
    private static readonly int[] Published99 = [8, 15, 21, 28, 36, 43, 51, 58, 66, 74, 82, 90, 98, 106, 115];

    [Fact]
    public void The_published_table_comes_out_but_for_two_entries()
    {
        var (rule95, rule99) = (new StoppingRule(0.05), new StoppingRule(0.01));
        int[] ours = [.. Published95];
        (ours[6], ours[7]) = (39, 45);
        Assert.Equal(ours, Enumerable.Range(1, 15).Select(rule95.FlowsFor));
        Assert.Equal(Published99, Enumerable.Range(1, 15).Select(rule99.FlowsFor));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(8)]
    [InlineData(16)]
    [InlineData(64)]
    public void A_search_that_obeys_the_rule_misses_no_more_often_than_it_says(int nextHops)
    {
        const double Risk = 0.05;
        const int Runs = 20_000;
        var rule = new StoppingRule(Risk);
        var random = new Random(Seed.Value);
        var missed = 0;
        for (var run = 0; run < Runs; run++)
        {
            var seen = new HashSet<int>();
            for (var flows = 0; seen.Count == 0 || flows < rule.FlowsFor(seen.Count); flows++)
            {
                seen.Add(random.Next(nextHops));
            }

            missed += seen.Count < nextHops ? 1 : 0;
        }

        var bound = Risk + 3 * Math.Sqrt(Risk * (1 - Risk) / Runs);
        Assert.True((double)missed / Runs <= bound, $"missed {missed} of {Runs} with {nextHops} next hops, seed {Seed.Value}");
        Assert.True(nextHops > 8 || missed > 0, "the rule is far too careful");
    }

    [Fact]
    public void The_chance_to_miss_is_the_textbooks() =>
        Assert.Equal(2 * Math.Pow(0.5, 6), StoppingRule.ChanceToMiss(2, 6), 12);
}
