using Probe.Core.Health;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;

namespace Probe.Core.Tests.Health;

/// <summary>Several engines on threads of their own: who checks what, and targets that come and go.</summary>
public class CheckLoopsTests : ICheckSink
{
    private const long Second = 1_000_000_000;
    private const long Millisecond = 1_000_000;

    private readonly List<CheckOutcome> _outcomes = [];
    private readonly List<int> _gone = [];

    void ICheckSink.Done(in CheckOutcome outcome) => _outcomes.Add(outcome);

    void ICheckSink.Gone(int target) => _gone.Add(target);

    [Fact]
    public void Several_engines_share_the_targets_and_lose_no_outcome()
    {
        var engines = Enumerable.Range(0, 3).Select(_ => new SimulatedEngine(target => new TargetTruth((CheckEnd)(target.Index % 3), 1 + target.Index))).ToList();
        var turns = 0;
        var targets = Targets(30_000).Select(target => target with { Port = (ushort)(target.Index % 2) }).ToList();
        var end = new CheckLoops(engines, new TargetTable(targets), new CheckPace { Count = 2, MaxPerSecond = double.PositiveInfinity }, Seed.Value)
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
        var targets = Targets(200).ConvertAll(target => target with { IntervalNs = Second });
        var table = new TargetTable(targets[..50]);
        var engine = new SimulatedEngine(target => new TargetTruth(CheckEnd.Answered, 1 + target.Index));
        var loops = new CheckLoops([engine], table, new CheckPace { Count = 3, MaxPerSecond = double.PositiveInfinity }, Seed.Value, more: true);
        var next = 50;
        var end = loops.Run(this, Turn, long.MaxValue, CancellationToken.None);

        Assert.Equal(SweepEnd.Done, end);
        Assert.Equal(600, _outcomes.Select(outcome => (outcome.Target, outcome.Attempt)).Distinct().Count());
        Assert.All(_outcomes, outcome => Assert.InRange(outcome.Attempt, 1, 3));

        void Turn()
        {
            if (next < 200)
            {
                // The ones after the others have had all their checks, as behind a slow resolver.
                loops.Add(table.Add(targets[next++]));
                if (next == 200)
                {
                    loops.Complete();
                }

                loops.Wake();
            }
        }
    }

    [Fact]
    public void A_run_that_no_target_comes_to_ends_when_none_is_to_come()
    {
        var loops = new CheckLoops([new SimulatedEngine(_ => new TargetTruth(CheckEnd.Answered, 1))], new TargetTable(), new CheckPace(), Seed.Value, more: true);
        var turns = 0;
        Assert.Equal(SweepEnd.Done, loops.Run(this, () => { if (++turns == 3) { loops.Complete(); } }, long.MaxValue, CancellationToken.None));
        Assert.True(turns >= 3);
    }

    [Fact]
    public void Several_engines_end_when_they_are_cancelled()
    {
        using var source = new CancellationTokenSource();
        var engine = new SimulatedEngine(_ => new TargetTruth(CheckEnd.Answered, 1));
        var end = new CheckLoops([engine], new TargetTable(Targets(10)), new CheckPace { Count = int.MaxValue, MaxPerSecond = 1000 }, 1)
            .Run(this, () => { if (_outcomes.Count > 100) { source.Cancel(); } }, long.MaxValue, source.Token);

        Assert.Equal(SweepEnd.Interrupted, end);
    }

    [Fact]
    public void What_goes_wrong_in_an_engine_reaches_the_caller()
    {
        var engine = new SimulatedEngine(_ => throw new InvalidOperationException("broken"));
        var thrown = Assert.Throws<InvalidOperationException>(() =>
            new CheckLoops([engine, new SimulatedEngine(_ => new TargetTruth(CheckEnd.Answered, 1))], new TargetTable(Targets(10)), new CheckPace { Count = int.MaxValue }, 1)
                .Run(this, () => { }, long.MaxValue, CancellationToken.None));

        Assert.Equal("broken", thrown.Message);
    }

    [Fact]
    public void Kinds_side_by_side_are_each_checked_by_an_engine_that_serves_them()
    {
        var syn = new SimulatedEngine(_ => new TargetTruth(CheckEnd.Answered, Millisecond), int.MaxValue, CheckKind.Syn, CheckKind.Connect);
        var second = new SimulatedEngine(_ => new TargetTruth(CheckEnd.Answered, Millisecond), int.MaxValue, CheckKind.Syn, CheckKind.Connect);
        var other = new SimulatedEngine(_ => new TargetTruth(CheckEnd.Refused, Millisecond), int.MaxValue, CheckKind.Tls, CheckKind.Http, CheckKind.Icmp);
        CheckKind[] kinds = [CheckKind.Syn, CheckKind.Tls, CheckKind.Http, CheckKind.Icmp];
        var targets = new TargetTable(Targets(400).Select(target => target with { Question = new CheckQuestion { Kind = kinds[target.Index % 4] } }));
        var end = new CheckLoops([syn, second, other], targets, new CheckPace { Count = 2 }, Seed.Value).Run(this, () => { }, long.MaxValue, CancellationToken.None);

        Assert.Equal((SweepEnd.Done, 800), (end, _outcomes.Count));
        Assert.All(_outcomes, outcome => Assert.Equal(outcome.Target % 4 == 0 ? CheckEnd.Answered : CheckEnd.Refused, outcome.End));
        Assert.Equal((100, 100, 600), (syn.Begun.Count, second.Begun.Count, other.Begun.Count));
    }

    [Fact]
    public void A_kind_that_no_engine_serves_is_named()
    {
        var engine = new SimulatedEngine(_ => default, int.MaxValue, CheckKind.Syn);
        var targets = new TargetTable(Targets(1).Select(target => target with { Question = new CheckQuestion { Kind = CheckKind.SendExpect } }));
        var error = Assert.Throws<NotSupportedException>(() => new CheckLoops([engine], targets, new CheckPace(), 1));
        Assert.Contains("send-expect", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_limit_of_one_address_and_port_holds_for_all_kinds_together()
    {
        SimulatedEngine Of(CheckKind kind) => new(_ => new TargetTruth(CheckEnd.Answered, Millisecond), int.MaxValue, kind);
        var engines = new[] { Of(CheckKind.Syn), Of(CheckKind.Connect) };
        CheckKind[] kinds = [CheckKind.Syn, CheckKind.Connect];
        var targets = new TargetTable(kinds.Select(kind => Targets(1)[0] with { Question = new CheckQuestion { Kind = kind } }));
        new CheckLoops(engines, targets, new CheckPace { Count = 20, MaxPerTargetPerSecond = 10 }, 1).Run(this, () => { }, long.MaxValue, CancellationToken.None);

        // Both engines begin at 0 of their own clocks.
        var begun = engines.SelectMany(engine => engine.Begun).Select(one => one.AtNs).Order().ToList();
        Assert.Equal(40, begun.Count);
        Assert.All(begun.Skip(10).Zip(begun), pair => Assert.True(pair.First - pair.Second >= Second));
    }

    [Fact]
    public void Targets_that_go_have_no_outcomes_any_more_and_leave_their_places_to_others()
    {
        // Each is checked all the time, so that whoever goes has checks under way: on the engine's thread, in the queue.
        var engine = new SimulatedEngine(_ => new TargetTruth(CheckEnd.Answered, Millisecond));
        var table = new TargetTable(Targets(20).Select(target => target with { IntervalNs = Millisecond }));
        var loops = new CheckLoops([engine], table, new CheckPace { Count = int.MaxValue, MaxPerSecond = double.PositiveInfinity, MaxPerTargetPerSecond = int.MaxValue }, Seed.Value, more: true);
        using var stop = new CancellationTokenSource();
        var (steps, name) = (0, 100);
        loops.Run(this, Turn, long.MaxValue, stop.Token);

        Assert.Equal(20, table.Count);
        Assert.Equal(10, _gone.Count);

        // The second newcomer and all after it stand where somebody stood.
        Assert.Equal(21, table.Places);

        void Turn()
        {
            if (_outcomes.Count == 0 || _gone.Count < steps)
            {
                return;
            }

            if (steps == 10)
            {
                stop.Cancel();
                return;
            }

            var leaving = table.First(target => target.Name.Length < 3);
            loops.Remove(leaving);
            Assert.False(table.Has(leaving.Index));
            loops.Add(table.Add(Targets(1)[0] with { Name = $"{name++}", IntervalNs = Millisecond }));
            _outcomes.Clear();
            steps++;
        }
    }

    private static List<CheckTarget> Targets(int count) =>
        [.. Enumerable.Range(0, count).Select(i => new CheckTarget { Index = i, Name = $"{i}", Address = IpAddress.FromV4(0xc6120000u + (uint)i), Port = 80 })];
}
