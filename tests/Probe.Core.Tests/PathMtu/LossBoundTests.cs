using Probe.Core.PathMtu;

namespace Probe.Core.Tests.PathMtu;

/// <summary>When losses count as proof.</summary>
public sealed class LossBoundTests
{
    /// <summary>Clopper and Pearson's upper end: with it, so few losses or fewer would be seen once in twenty.</summary>
    [Theory]
    [InlineData(0, 1, 0.95)]
    [InlineData(0, 2, 0.776393)]
    [InlineData(0, 10, 0.258866)]
    [InlineData(0, 59, 0.049508)]
    [InlineData(1, 10, 0.394163)]
    [InlineData(2, 10, 0.506901)]
    [InlineData(10, 10, 1)]
    [InlineData(0, 0, 1)]
    public void The_upper_end_of_the_loss_is_the_one_sided_95_percent_bound(int lost, int sent, double upper) =>
        Assert.Equal(upper, LossBound.Upper(lost, sent), 5);

    /// <summary>As many losses as are asked for leave a chance of 1e-6 or less; one less does not.</summary>
    [Theory]
    [InlineData(0, 1)]
    [InlineData(0, 4)]
    [InlineData(0, 20)]
    [InlineData(0, 100)]
    [InlineData(1, 10)]
    [InlineData(3, 20)]
    [InlineData(10, 100)]
    public void Exactly_so_many_losses_prove_as_leave_one_chance_in_a_million(int lost, int sent)
    {
        var needed = LossBound.Needed(lost, sent);
        Assert.True(LossBound.Chance(lost, sent, needed) <= 1e-6);
        Assert.True(LossBound.Chance(lost, sent, needed - 1) > 1e-6);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(5, 5)]
    public void Where_nothing_gets_through_nothing_is_proved(int lost, int sent)
    {
        Assert.Equal(int.MaxValue, LossBound.Needed(lost, sent));
        Assert.Equal(1, LossBound.Chance(lost, sent, 1000));
    }
}
