using Probe.Core.Health;

namespace Probe.Core.Tests.Health;

/// <summary>What counts as a hold-up of the checker, and what it excuses.</summary>
public class HoldUpsTests
{
    private const long Second = 1_000_000_000;

    [Theory]
    [InlineData(-500_000_000)]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(1_000_000)]
    [InlineData(200_000_000)]
    public void Less_than_half_the_timeout_excuses_nothing(long lengthNs)
    {
        var holdUps = new HoldUps();
        holdUps.Note(2 * Second, 2 * Second + lengthNs);
        Assert.False(holdUps.Excuse(Second, Second));
        Assert.InRange(holdUps.LongestNs, 0, 200_000_000);
    }

    [Fact]
    public void Half_the_timeout_excuses_what_had_begun_before_it_and_nothing_later()
    {
        var holdUps = new HoldUps();
        holdUps.Note(2 * Second, 2 * Second + Second / 2);
        Assert.True(holdUps.Excuse(Second, Second));
        Assert.False(holdUps.Excuse(3 * Second, Second));
        Assert.Equal(Second / 2, holdUps.LongestNs);
    }
}
