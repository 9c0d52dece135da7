using Probe.Core.Health;
using Probe.Core.Linux;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;

namespace Probe.Core.Tests.Health;

/// <summary>A run of many targets with its judge, under virtual time, against the truth it was drawn from.</summary>
public class BlameTests : IVerdictSink
{
    private const long Millisecond = 1_000_000;

    private readonly FakeHost _host = new();
    private readonly List<(int Target, int Attempt, CheckVerdict Verdict, CheckReasonKind? Reason)> _said = [];

    void IVerdictSink.Judged(in CheckOutcome outcome, CheckVerdict verdict, CheckReasonKind? reason) => _said.Add((outcome.Target, outcome.Attempt, verdict, reason));

    [Fact]
    public void Each_target_gets_the_verdict_of_its_own_truth()
    {
        var random = new Random(Seed.Value);
        for (var i = 0; i < 50; i++)
        {
            _said.Clear();
            _host.Ways.Clear();
            var targets = Targets(random.Next(2, 300));
            var truths = targets.Select(_ => Draw(random)).ToArray();

            // One at least gets through, so that a missing route is the target's.
            truths[0] = new TargetTruth(CheckEnd.Answered, Millisecond);
            foreach (var target in targets.Where(target => truths[target.Index].Errno == Errno.ENETUNREACH))
            {
                _host.Ways[target.Address] = new WayOut { Exists = false };
            }

            Run(targets, target => truths[target.Index], random, inFlight: 1000);

            Assert.Equal(2 * targets.Count, _said.Select(said => (said.Target, said.Attempt)).Distinct().Count());
            Assert.All(_said, said => Assert.Equal(Expected(truths[said.Target]), (said.Verdict, said.Reason)));
        }
    }

    [Fact]
    public void Whenever_the_routes_go_for_all_nobody_counts_as_down()
    {
        var random = new Random(Seed.Value);
        for (var i = 0; i < 50; i++)
        {
            _said.Clear();
            _host.Ways.Clear();
            var targets = Targets(random.Next(3, 300));
            var begun = 0;
            var goAt = random.Next(0, 2 * targets.Count - 1);
            Run(targets, target =>
            {
                if (begun++ != goAt)
                {
                    return begun <= goAt ? new TargetTruth(CheckEnd.Answered, Millisecond) : new TargetTruth(CheckEnd.Failed, 1, Errno.ENETUNREACH);
                }

                targets.ForEach(other => _host.Ways[other.Address] = new WayOut { Exists = false });
                _host.OffHostRoutes.Clear();
                return new TargetTruth(CheckEnd.Failed, 1, Errno.ENETUNREACH);
            }, random, inFlight: random.Next(1, 300));

            Assert.Equal(2 * targets.Count, _said.Count);
            Assert.All(_said, said => Assert.True(said.Verdict is CheckVerdict.Up or CheckVerdict.Local, $"{said} of {targets.Count}, routes gone at {goAt}"));
        }
    }

    private static TargetTruth Draw(Random random) => random.Next(6) switch
    {
        0 => new TargetTruth(CheckEnd.Refused, Millisecond),
        1 => new TargetTruth(CheckEnd.TimedOut, 1000 * Millisecond),
        2 => new TargetTruth(CheckEnd.Failed, 1, Errno.ENETUNREACH),
        3 => new TargetTruth(CheckEnd.Failed, 1, Errno.EADDRNOTAVAIL),
        4 => new TargetTruth(CheckEnd.Late, 1300 * Millisecond),
        _ => new TargetTruth(CheckEnd.Answered, random.NextInt64(1, 900 * Millisecond)),
    };

    private static (CheckVerdict Verdict, CheckReasonKind? Reason) Expected(TargetTruth truth) => (truth.End, truth.Errno) switch
    {
        (CheckEnd.Answered, _) => (CheckVerdict.Up, null),
        (CheckEnd.Refused, _) => (CheckVerdict.Refused, null),
        (CheckEnd.TimedOut, _) => (CheckVerdict.NoAnswer, null),
        (CheckEnd.Late, _) => (CheckVerdict.Overload, null),
        (_, Errno.ENETUNREACH) => (CheckVerdict.Unreachable, CheckReasonKind.NoRoute),
        _ => (CheckVerdict.Local, CheckReasonKind.Ports),
    };

    private static List<CheckTarget> Targets(int count) =>
        [.. Enumerable.Range(0, count).Select(i => new CheckTarget { Index = i, Name = $"{i}", Address = IpAddress.FromV4(0xc6120000u + (uint)i), Port = 80 })];

    private void Run(List<CheckTarget> targets, Func<CheckTarget, TargetTruth> truth, Random random, int inFlight)
    {
        using var engine = new SimulatedEngine(truth);
        using var judge = new VerdictJudge(new TargetTable(targets), _host, () => engine.NowNs, this);
        var end = new CheckLoop(engine, targets, new CheckPace { Count = 2, InFlight = inFlight }, random.Next()).Run(new Turning(judge), long.MaxValue, CancellationToken.None);
        judge.Finish();
        Assert.Equal((SweepEnd.Done, 0), (end, judge.Waiting));
    }

    private sealed class Turning(VerdictJudge judge) : ICheckSink
    {
        public void Done(in CheckOutcome outcome)
        {
            judge.Turn();
            judge.Done(outcome);
        }
    }
}
