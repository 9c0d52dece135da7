using Probe.Core.Health;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;

namespace Probe.Core.Tests.Health;

/// <summary>Pacing and completeness of a run, under virtual time.</summary>
public class CheckLoopTests : ICheckSink
{
    private const long Second = 1_000_000_000;
    private const long Millisecond = 1_000_000;

    private readonly List<CheckOutcome> _outcomes = [];
    private readonly List<int> _gone = [];
    private Action<CheckOutcome>? _seen;

    void ICheckSink.Done(in CheckOutcome outcome)
    {
        _outcomes.Add(outcome);
        _seen?.Invoke(outcome);
    }

    void ICheckSink.Gone(int target) => _gone.Add(target);

    [Fact]
    public void Every_target_is_checked_as_often_as_asked_and_each_outcome_is_its_own()
    {
        var random = new Random(Seed.Value);
        var truths = Enumerable.Range(0, 1000).Select(_ => new TargetTruth((CheckEnd)random.Next(3), random.NextInt64(1, Second))).ToArray();
        var engine = new SimulatedEngine(target => truths[target.Index]);

        Assert.Equal(SweepEnd.Done, Run(engine, Targets(1000), new CheckPace { Count = 3 }));
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
        Run(engine, Targets(count), new CheckPace { MaxPerSecond = rate });

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
        Run(engine, targets, new CheckPace { Count = 4 });

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
        Run(engine, Targets(100), new CheckPace { InFlight = inFlight });

        Assert.Equal(Math.Min(inFlight, capacity), engine.MostInFlight);
        Assert.Equal(100, _outcomes.Count);
    }

    [Fact]
    public void The_order_is_new_in_each_round_and_a_seed_repeats_it()
    {
        int[] OrderOf(int seed, int round)
        {
            var engine = new SimulatedEngine(_ => new TargetTruth(CheckEnd.Answered, 1));
            new CheckLoop(engine, Targets(50).ConvertAll(target => target with { IntervalNs = Second }), new CheckPace { Count = 2 }, seed).Run(this, long.MaxValue, CancellationToken.None);
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
        Run(engine, [.. Targets(20).Select(target => target with { IntervalNs = 5 * Second })], new CheckPace { Count = 3 });

        Assert.Equal([0, 5 * Second, 10 * Second], engine.Begun.Select(begun => begun.AtNs).Distinct());
    }

    [Fact]
    public void The_deadline_ends_the_run_with_what_there_is()
    {
        var engine = new SimulatedEngine(target => new TargetTruth(CheckEnd.Answered, target.Index < 5 ? Millisecond : 60 * Second));
        var end = new CheckLoop(engine, Targets(10), new CheckPace(), 1).Run(this, 2 * Second, CancellationToken.None);

        Assert.Equal(SweepEnd.Deadline, end);
        Assert.Equal(2 * Second, engine.NowNs);
        Assert.Equal(5, _outcomes.Count);
    }

    [Fact]
    public void A_taker_that_is_full_gets_nothing_more_than_it_has_room_for()
    {
        var engine = new SimulatedEngine(_ => new TargetTruth(CheckEnd.Answered, Millisecond));
        var turns = 0;
        new CheckLoop(engine, Targets(40), new CheckPace(), 1).Run(this, 10 * Second, CancellationToken.None, () => ++turns < 100 ? 10 - _outcomes.Count : 40);

        Assert.True(engine.Begun.Take(10).All(begun => begun.AtNs == 0));
        Assert.True(engine.Begun[10].AtNs > 20 * Millisecond, $"{engine.Begun[10]}");
        Assert.Equal(40, _outcomes.Count);
    }

    [Fact]
    public void Each_target_keeps_its_own_interval()
    {
        var engine = new SimulatedEngine(_ => new TargetTruth(CheckEnd.Answered, 300 * Millisecond));
        long[] intervals = [Second / 5, Second, 7 * Second];
        List<CheckTarget> targets = [.. Targets(30).Select(target => target with { IntervalNs = intervals[target.Index % 3] })];
        new CheckLoop(engine, targets, new CheckPace { Count = int.MaxValue }, Seed.Value).Run(this, 30 * Second, CancellationToken.None);

        Assert.All(targets, target =>
        {
            var begun = engine.Begun.Where(one => one.Target == target.Index).Select(one => one.AtNs).ToList();
            Assert.Equal(Enumerable.Range(0, (int)((30 * Second - 1) / target.IntervalNs) + 1).Select(i => i * target.IntervalNs), begun);
        });
    }

    [Fact]
    public void One_at_a_time_a_check_waits_for_the_one_before_it_and_begins_as_soon_as_that_is_over()
    {
        var engine = new SimulatedEngine(target => new TargetTruth(CheckEnd.Answered, target.Index == 0 ? 3 * Second / 2 : Millisecond));
        List<CheckTarget> targets = [.. Targets(2).Select(target => target with { IntervalNs = Second })];
        new CheckLoop(engine, targets, new CheckPace { Count = 4, OneAtATime = true }, Seed.Value).Run(this, long.MaxValue, CancellationToken.None);

        Assert.Equal([0, 3 * Second / 2, 3 * Second, 9 * Second / 2], engine.Begun.Where(one => one.Target == 0).Select(one => one.AtNs));
        Assert.Equal([0, Second, 2 * Second, 3 * Second], engine.Begun.Where(one => one.Target == 1).Select(one => one.AtNs));
    }

    [Fact]
    public void A_target_that_comes_is_checked_at_once_and_then_by_its_interval()
    {
        var engine = new SimulatedEngine(_ => new TargetTruth(CheckEnd.Answered, Millisecond));
        var targets = Targets(11).ConvertAll(target => target with { IntervalNs = Second });
        var loop = new CheckLoop(engine, targets[..10], new CheckPace { Count = int.MaxValue }, Seed.Value);
        _seen = outcome =>
        {
            if (outcome is { Target: 4, Attempt: 3 })
            {
                loop.Add(targets[10] with { IntervalNs = 2 * Second });
            }
        };
        loop.Run(this, 10 * Second, CancellationToken.None);

        var at = 2 * Second + Millisecond;
        Assert.Equal([at, at + 2 * Second, at + 4 * Second, at + 6 * Second], engine.Begun.Where(one => one.Target == 10).Select(one => one.AtNs));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_target_that_goes_has_no_outcome_any_more_and_its_index_is_given_on_when_nothing_is_under_way(bool inFlight)
    {
        // Target 0 answers after 700 ms, and goes while it is being checked, or between two checks; then another takes its index.
        var engine = new SimulatedEngine(target => new TargetTruth(target.Name == "0" ? CheckEnd.Answered : CheckEnd.Refused, target.Name == "0" ? 700 * Millisecond : 100 * Millisecond));
        var targets = Targets(2).ConvertAll(target => target with { IntervalNs = Second });
        var loop = new CheckLoop(engine, targets, new CheckPace { Count = int.MaxValue }, Seed.Value);
        _seen = outcome =>
        {
            if (outcome.Target == (inFlight ? 1 : 0) && outcome.Attempt == 2)
            {
                loop.Remove(targets[0]);
            }
        };
        loop.Run(this, 1_500 * Millisecond, CancellationToken.None);
        Assert.Empty(_gone);
        loop.Run(this, 1_500 * Millisecond, CancellationToken.None);

        Assert.Equal([0], _gone);
        Assert.Equal(inFlight ? 1 : 2, _outcomes.Count(outcome => outcome.Target == 0));
        Assert.Equal(2, engine.Begun.Count(one => one.Target == 0));
        loop.Add(targets[0] with { Name = "new", Address = IpAddress.Parse("192.0.2.7") });
        loop.Run(this, 1_500 * Millisecond, CancellationToken.None);
        Assert.Equal((CheckEnd.Refused, 1), _outcomes.Where(outcome => outcome.Target == 0).Skip(inFlight ? 1 : 2).Select(outcome => (outcome.End, outcome.Attempt)).First());
    }

    [Fact]
    public void A_loop_that_was_stopped_makes_up_for_no_checks_and_keeps_the_interval_from_then_on()
    {
        // The engine is away for 4.5 s, as a stopped process is.
        var engine = new SimulatedEngine(_ => new TargetTruth(CheckEnd.Answered, Millisecond));
        var loop = new CheckLoop(engine, Targets(1).ConvertAll(target => target with { IntervalNs = Second }), new CheckPace { Count = int.MaxValue }, 1);
        _seen = outcome => engine.NowNs += outcome.Attempt == 2 ? 4_500 * Millisecond : 0;
        loop.Run(this, 8 * Second, CancellationToken.None);
        var stopped = 5_501 * Millisecond;
        Assert.Equal([0, Second, stopped, stopped + Second, stopped + 2 * Second], engine.Begun.Select(one => one.AtNs));
    }

    [Fact]
    public void Another_interval_counts_from_when_the_target_was_due_last()
    {
        var engine = new SimulatedEngine(_ => new TargetTruth(CheckEnd.Answered, Millisecond));
        var targets = Targets(1).ConvertAll(target => target with { IntervalNs = 60 * Second });
        var loop = new CheckLoop(engine, targets, new CheckPace { Count = int.MaxValue }, Seed.Value);
        _seen = outcome =>
        {
            if (outcome.Attempt == 1)
            {
                loop.Replace(targets[0] with { IntervalNs = 2 * Second });
            }
        };
        loop.Run(this, 5 * Second, CancellationToken.None);
        Assert.Equal([0, 2 * Second, 4 * Second], engine.Begun.Select(one => one.AtNs));
    }

    [Fact]
    public void Targets_that_come_and_go_all_the_time_get_their_checks_and_nobody_else_s()
    {
        // Each name is one truth; whatever index it gets, its outcomes are its own.
        var random = new Random(Seed.Value);
        var table = new TargetTable();
        var engine = new SimulatedEngine(target => new TargetTruth((CheckEnd)(target.Port % 3), random.NextInt64(1, 800 * Millisecond)));
        var loop = new CheckLoop(engine, [], new CheckPace { Count = int.MaxValue, MaxPerSecond = double.PositiveInfinity }, Seed.Value, more: true);
        var (next, checkedOnce) = (1, new HashSet<int>());
        var sink = new Churn(table, outcome =>
        {
            Assert.Equal((CheckEnd)(table[outcome.Target].Port % 3), outcome.End);
            checkedOnce.Add(table[outcome.Target].Port);
            if (random.Next(3) == 0)
            {
                loop.Remove(table[outcome.Target]);
                table.Leave(outcome.Target);
                Come();
            }
        });
        for (var i = 0; i < 50; i++)
        {
            Come();
        }

        loop.Run(sink, 60 * Second, CancellationToken.None);
        Assert.True(next > 1000, $"{next} came");
        Assert.InRange(checkedOnce.Count, next - 51, next);
        Assert.InRange(table.Places, 50, 250);

        void Come() => loop.Add(table.Add(new CheckTarget
        {
            Name = $"{next}", Address = IpAddress.FromV4(0xc6120000u + (uint)next), Port = (ushort)next++, IntervalNs = random.NextInt64(1, Second),
        }));
    }

    private sealed class Churn(TargetTable table, Action<CheckOutcome> seen) : ICheckSink
    {
        public void Done(in CheckOutcome outcome)
        {
            if (table.Has(outcome.Target))
            {
                seen(outcome);
            }
        }

        public void Gone(int target) => table.Release(target);
    }

    private static List<CheckTarget> Targets(int count) =>
        [.. Enumerable.Range(0, count).Select(i => new CheckTarget { Index = i, Name = $"{i}", Address = IpAddress.FromV4(0xc6120000u + (uint)i), Port = 80 })];

    private SweepEnd Run(SimulatedEngine engine, IReadOnlyList<CheckTarget> targets, CheckPace options) =>
        new CheckLoop(engine, targets, options, Seed.Value).Run(this, long.MaxValue, CancellationToken.None);
}
