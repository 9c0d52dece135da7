using Probe.Cli.Frame;
using Probe.Core.Vocabulary;

namespace Probe.Cli.Check;

/// <summary>How the checks of a run went, target by target.</summary>
internal sealed class CheckScore(int targets, ExpectedState expected, FailMode fail)
{
    private readonly TargetScore[] _scores = new TargetScore[targets];

    /// <summary>Checks judged.</summary>
    public int Checks { get; private set; }

    /// <summary>Targets with a result.</summary>
    public int Seen => _scores.Count(score => score.Any);

    /// <summary>Targets that count as down.</summary>
    public int Down => _scores.Count(score => IsDown(score));

    /// <summary>Targets of which nothing is known, for a fault of this host or because the checker was late.</summary>
    public int Unknown => _scores.Count(score => !IsDown(score) && IsUnknown(score));

    /// <summary>Targets that are neither.</summary>
    public int Up => _scores.Count(score => score.Any && !IsDown(score) && !IsUnknown(score));

    /// <summary>Takes a result.</summary>
    public void Add(int target, CheckVerdict verdict)
    {
        Checks++;
        ref var score = ref _scores[target];
        score.Any = true;
        score.Last = verdict;
        if (!verdict.IsAboutTarget())
        {
            score.Unknown++;
        }
        else if (verdict.CountsAsDown(expected))
        {
            score.Down++;
        }
        else
        {
            score.Up++;
        }
    }

    /// <summary>What the run says of its targets.</summary>
    /// <param name="end">How it ended.</param>
    /// <param name="isWhole">Everything that was asked for could be checked.</param>
    public Measured Conclude(SweepEnd end, bool isWhole = true) =>
        new() { End = end, HasFault = Down > 0, HasUnknown = Unknown > 0 || Seen == 0 || !isWhole };

    private bool IsDown(TargetScore score) => fail switch
    {
        FailMode.Any => score.Down > 0,
        FailMode.All => score is { Down: > 0, Up: 0 },
        _ => score.Any && score.Last.CountsAsDown(expected),
    };

    private bool IsUnknown(TargetScore score) => score.Any && (fail == FailMode.Last ? !score.Last.IsAboutTarget() : score.Unknown > 0);

    private struct TargetScore
    {
        public bool Any;
        public CheckVerdict Last;
        public int Up;
        public int Down;
        public int Unknown;
    }
}
