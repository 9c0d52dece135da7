using Probe.Core.Health;
using Probe.Core.Host;
using Probe.Lab.Instruments;
using Probe.Lab.Networks;

namespace Probe.Core.Tests.Health;

/// <summary>A run by raw packets leaves the host's other connections room to be tracked.</summary>
public sealed class ConntrackTests(CheckFixture fixture) : IClassFixture<CheckFixture>
{
    [Theory]
    [InlineData(100, 1, 5000, 100, 5000)]
    [InlineData(100, 1000, 5000, 1600, 12)]
    [InlineData(8000, 1, 5000, 8000, 12)]
    [InlineData(8000, 1, 10, 1000, 10)]
    [InlineData(8000, 1, double.PositiveInfinity, 8000, 12)]
    public void The_forecast_is_rate_times_lifetime_and_no_more_than_there_can_be(int targets, int checks, double perSecond, double entries, double allowed)
    {
        var forecast = ConntrackForecast.Of(new() { Entries = 2000, Limit = 14_000, LifetimeSeconds = 100 }, targets, checks, perSecond);
        Assert.Equal((entries, 12_000), (forecast.Entries, forecast.Free));
        Assert.Equal(allowed, forecast.PerSecond);
        Assert.Equal(entries > 6000, forecast.IsTooMuch);
    }

    [Fact]
    public void Where_nothing_is_tracked_nothing_is_slowed_down()
    {
        Assert.Null(ConntrackTable.Read("/nowhere"));
        var forecast = ConntrackForecast.Of(null, 1_000_000, 100, double.PositiveInfinity);
        Assert.Equal((double.PositiveInfinity, false), (forecast.PerSecond, forecast.IsTooMuch));
    }

    [NeedsTheory(Need.Namespaces | Need.Nftables)]
    [InlineData(400, false, false)]
    [InlineData(2000, true, false)]
    [InlineData(3000, true, true)]
    public void A_stateful_rule_and_a_small_table_are_never_filled_beyond_six_tenths(int targets, bool slowed, bool refused)
    {
        using var listener = new CheckedListener(fixture.Network.Server);
        using var rule = CheckFixture.Rules(fixture.Network.Client, "chain out { type filter hook output priority 0; ct state new accept; }");
        fixture.InClientRaw(new(new()) { InFlight = 500 }, engine =>
        {
            // The true limit belongs to the whole machine; what is foretold is held against a small one.
            const int Room = 5000;
            var before = ConntrackTable.Read()!;
            var table = before with { Limit = before.Entries + Room };
            var forecast = ConntrackForecast.Of(table, targets, checksEach: 1, perSecond: double.PositiveInfinity);
            Assert.Equal((targets, slowed, refused), (forecast.Entries, double.IsFinite(forecast.PerSecond), forecast.IsTooMuch));

            // Silent targets: their entries stay longest.
            var load = new CheckLoad(engine, [.. Enumerable.Range(0, targets).Select(i => CheckNetwork.Target(i, CheckNetwork.BlackHole(i), TimeSpan.FromMilliseconds(100)))]);
            load.Run(500, slowed && !refused ? (long)(forecast.PerSecond * 10) : targets, TimeSpan.FromSeconds(30));
            var taken = ConntrackTable.Read()!.Entries - before.Entries;
            if (refused)
            {
                // Against advice: it comes as foretold.
                Assert.InRange(taken, Room * 0.55, Room);
            }
            else
            {
                Assert.InRange(taken, 1, Room * 0.1);
            }
        });
    }
}
