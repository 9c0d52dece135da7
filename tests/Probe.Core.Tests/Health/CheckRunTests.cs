using Probe.Core.Health;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;

namespace Probe.Core.Tests.Health;

/// <summary>Pacing and completeness of a run, under virtual time.</summary>
public class CheckRunTests : ICheckSink
{
    private const long Second = 1_000_000_000;
    private const long Millisecond = 1_000_000;

    private readonly List<CheckOutcome> _outcomes = [];

    void ICheckSink.Done(in CheckOutcome outcome) => _outcomes.Add(outcome);

    [Fact]
    public void Every_target_is_checked_as_often_as_asked_and_each_outcome_is_its_own()
    {
        var random = new Random(Seed.Value);
        var truths = Enumerable.Range(0, 1000).Select(_ => new TargetTruth((CheckEnd)random.Next(3), random.NextInt64(1, Second))).ToArray();
        var engine = new SimulatedEngine(target => truths[target.Index]);

        Assert.Equal(SweepEnd.Done, Run(engine, Targets(1000), new CheckRunOptions { Count = 3 }));
        Assert.Equal(3000, _outcomes.Count);
        Assert.Equal(3000, _outcomes.Select(outcome => (outcome.Target, outcome.Attempt)).Distinct().Count());
        Assert.All(_outcomes, outcome => Assert.Equal(truths[outcome.Target].End, outcome.End));
        Assert.All(_outcomes, outcome => Assert.InRange(outcome.Attempt, 1, 3));
    }

    [Theory]
    [InlineData(100)]
    [InlineData(5000)]
    [InlineData(0.5)]
    [InlineData(2.5)]
    public void No_second_sees_more_checks_than_the_rate(double rate)
    {
        var engine = new SimulatedEngine(_ => new TargetTruth(CheckEnd.Answered, Millisecond));
        var count = rate < 10 ? 6 : 2 * (int)rate + 17;
        Run(engine, Targets(count), new CheckRunOptions { MaxPerSecond = rate });

        var limit = Math.Max(1, (int)rate);
        var span = (long)(limit / rate * Second);
        for (var i = limit; i < engine.Begun.Count; i++)
        {
            Assert.True(engine.Begun[i].AtNs - engine.Begun[i - limit].AtNs >= span, $"check {i}");
        }

        // Nor is it slower than it may be.
        Assert.InRange(engine.NowNs, (count - 1) / limit * span, (count - 1) / limit * span + Second / 2);
    }

    [Fact]
    public void No_target_is_checked_more_often_than_ten_times_a_second_and_the_others_do_not_wait_for_it()
    {
        // One address and port ten times in the list; many others beside it.
        var targets = Targets(100).Select(target => target.Index < 10 ? target with { Address = IpAddress.Parse("192.0.2.1"), Port = 80 } : target).ToList();
        var engine = new SimulatedEngine(_ => new TargetTruth(CheckEnd.Answered, Millisecond));
        Run(engine, targets, new CheckRunOptions { Count = 4 });

        var same = engine.Begun.Where(begun => begun.Target < 10).Select(begun => begun.AtNs).ToList();
        Assert.Equal(40, same.Count);
        for (var i = 10; i < same.Count; i++)
        {
            Assert.True(same[i] - same[i - 10] >= Second);
        }

        Assert.All(engine.Begun.Where(begun => begun is { Target: >= 10, Attempt: 1 }), begun => Assert.True(begun.AtNs < Second / 10));
    }

    [Theory]
    [InlineData(7, int.MaxValue)]
    [InlineData(1000, 9)]
    public void Never_more_in_flight_than_allowed(int inFlight, int capacity)
    {
        var engine = new SimulatedEngine(_ => new TargetTruth(CheckEnd.TimedOut, Second), capacity);
        Run(engine, Targets(100), new CheckRunOptions { InFlight = inFlight });

        Assert.Equal(Math.Min(inFlight, capacity), engine.MostInFlight);
        Assert.Equal(100, _outcomes.Count);
    }

    [Fact]
    public void The_order_is_new_in_each_round_and_a_seed_repeats_it()
    {
        int[] OrderOf(int seed, int round)
        {
            var engine = new SimulatedEngine(_ => new TargetTruth(CheckEnd.Answered, 1));
            new CheckRun(engine, Targets(50), new CheckRunOptions { Count = 2 }, seed).Run(this, long.MaxValue, CancellationToken.None);
            return [.. engine.Begun.Where(begun => begun.Attempt == round).Select(begun => begun.Target)];
        }

        Assert.Equal(OrderOf(1, 1), OrderOf(1, 1));
        Assert.NotEqual(OrderOf(1, 1), OrderOf(2, 1));
        Assert.NotEqual(OrderOf(1, 1), OrderOf(1, 2));
        Assert.NotEqual(Enumerable.Range(0, 50), OrderOf(1, 1));
    }

    [Fact]
    public void Rounds_keep_their_interval()
    {
        var engine = new SimulatedEngine(_ => new TargetTruth(CheckEnd.Answered, Millisecond));
        Run(engine, Targets(20), new CheckRunOptions { Count = 3, IntervalNs = 5 * Second });

        Assert.Equal([0, 5 * Second, 10 * Second], engine.Begun.Select(begun => begun.AtNs).Distinct());
    }

    [Fact]
    public void The_deadline_ends_the_run_with_what_there_is()
    {
        var engine = new SimulatedEngine(target => new TargetTruth(CheckEnd.Answered, target.Index < 5 ? Millisecond : 60 * Second));
        var end = new CheckRun(engine, Targets(10), new CheckRunOptions(), 1).Run(this, 2 * Second, CancellationToken.None);

        Assert.Equal(SweepEnd.Deadline, end);
        Assert.Equal(2 * Second, engine.NowNs);
        Assert.Equal(5, _outcomes.Count);
    }

    [Fact]
    public void A_taker_that_is_full_gets_nothing_more_than_it_has_room_for()
    {
        var engine = new SimulatedEngine(_ => new TargetTruth(CheckEnd.Answered, Millisecond));
        var turns = 0;
        new CheckRun(engine, Targets(40), new CheckRunOptions(), 1).Run(this, 10 * Second, CancellationToken.None, () => ++turns < 100 ? 10 - _outcomes.Count : 40);

        Assert.True(engine.Begun.Take(10).All(begun => begun.AtNs == 0));
        Assert.True(engine.Begun[10].AtNs > 20 * Millisecond, $"{engine.Begun[10]}");
        Assert.Equal(40, _outcomes.Count);
    }

    [Fact]
    public void A_crew_shares_the_targets_and_loses_no_outcome()
    {
        var engines = Enumerable.Range(0, 3).Select(_ => new SimulatedEngine(target => new TargetTruth((CheckEnd)(target.Index % 3), 1 + target.Index))).ToList();
        var turns = 0;
        var targets = Targets(30_000).Select(target => target with { Port = (ushort)(target.Index % 2) }).ToList();
        var end = new CheckCrew(engines, targets, new CheckRunOptions { Count = 2, MaxPerSecond = double.PositiveInfinity }, Seed.Value)
            .Run(this, () => turns++, long.MaxValue, CancellationToken.None);

        Assert.Equal(SweepEnd.Done, end);
        Assert.Equal(60_000, _outcomes.Select(outcome => (outcome.Target, outcome.Attempt)).Distinct().Count());
        Assert.All(_outcomes, outcome => Assert.Equal((CheckEnd)(outcome.Target % 3), outcome.End));
        Assert.All(engines, engine => Assert.True(engine.Begun.Count > 15_000));
        Assert.True(turns > 0);
    }

    [Fact]
    public void Targets_that_come_while_others_are_checked_get_as_many_checks()
    {
        var targets = Targets(200);
        var engine = new SimulatedEngine(target => new TargetTruth(CheckEnd.Answered, 1 + target.Index));
        var crew = new CheckCrew([engine], targets[..50], new CheckRunOptions { Count = 3, MaxPerSecond = double.PositiveInfinity, IntervalNs = Second }, Seed.Value, more: true);
        var next = 50;
        var end = crew.Run(this, Turn, long.MaxValue, CancellationToken.None);

        Assert.Equal(SweepEnd.Done, end);
        Assert.Equal(600, _outcomes.Select(outcome => (outcome.Target, outcome.Attempt)).Distinct().Count());
        Assert.All(_outcomes, outcome => Assert.InRange(outcome.Attempt, 1, 3));

        void Turn()
        {
            if (next < 200)
            {
                // The ones after the others have had all their checks, as behind a slow resolver.
                crew.Add(targets[next++]);
                if (next == 200)
                {
                    crew.Complete();
                }

                crew.Wake();
            }
        }
    }

    [Fact]
    public void A_run_that_no_target_comes_to_ends_when_none_is_to_come()
    {
        var crew = new CheckCrew([new SimulatedEngine(_ => new TargetTruth(CheckEnd.Answered, 1))], [], new CheckRunOptions(), Seed.Value, more: true);
        var turns = 0;
        Assert.Equal(SweepEnd.Done, crew.Run(this, () => { if (++turns == 3) { crew.Complete(); } }, long.MaxValue, CancellationToken.None));
        Assert.True(turns >= 3);
    }

    [Fact]
    public void A_crew_ends_when_it_is_cancelled()
    {
        using var source = new CancellationTokenSource();
        var engine = new SimulatedEngine(_ => new TargetTruth(CheckEnd.Answered, 1));
        var end = new CheckCrew([engine], Targets(10), new CheckRunOptions { Count = int.MaxValue, MaxPerSecond = 1000 }, 1)
            .Run(this, () => { if (_outcomes.Count > 100) { source.Cancel(); } }, long.MaxValue, source.Token);

        Assert.Equal(SweepEnd.Interrupted, end);
    }

    [Fact]
    public void What_goes_wrong_in_an_engine_reaches_the_caller()
    {
        var engine = new SimulatedEngine(_ => throw new InvalidOperationException("broken"));
        var thrown = Assert.Throws<InvalidOperationException>(() =>
            new CheckCrew([engine, new SimulatedEngine(_ => new TargetTruth(CheckEnd.Answered, 1))], Targets(10), new CheckRunOptions { Count = int.MaxValue }, 1)
                .Run(this, () => { }, long.MaxValue, CancellationToken.None));

        Assert.Equal("broken", thrown.Message);
    }

    private static List<CheckTarget> Targets(int count) =>
        [.. Enumerable.Range(0, count).Select(i => new CheckTarget { Index = i, Name = $"{i}", Address = IpAddress.FromV4(0xc6120000u + (uint)i), Port = 80 })];

    private SweepEnd Run(SimulatedEngine engine, IReadOnlyList<CheckTarget> targets, CheckRunOptions options) =>
        new CheckRun(engine, targets, options, Seed.Value).Run(this, long.MaxValue, CancellationToken.None);
}
