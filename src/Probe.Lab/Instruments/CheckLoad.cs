using Probe.Core.Health;
using Probe.Lab.Networks;

namespace Probe.Lab.Instruments;

/// <summary>
/// Keeps an engine busy with checks of targets in turn and counts how they end. Runs on the calling thread, allocates nothing while it
/// runs.
/// </summary>
public sealed class CheckLoad : ICheckSink
{
    private static readonly int s_ends = Enum.GetValues<CheckEnd>().Length;

    private readonly ICheckEngine _engine;
    private readonly IReadOnlyList<CheckTarget> _targets;
    private readonly int[] _ends;
    private readonly int[] _attempts;

    /// <summary>Makes a load; its targets are numbered from 0.</summary>
    public CheckLoad(ICheckEngine engine, IReadOnlyList<CheckTarget> targets)
    {
        _engine = engine;
        _targets = targets;
        _ends = new int[targets.Count * s_ends];
        _attempts = new int[targets.Count];
    }

    /// <summary>Called with every outcome, for tests that look closer or get in the way.</summary>
    public Action<CheckOutcome>? Seen { get; init; }

    /// <summary>Checks begun.</summary>
    public long Started { get; private set; }

    /// <summary>Checks that are over.</summary>
    public long Over { get; private set; }

    /// <summary>Checks whose ACK may have escaped.</summary>
    public long Escaped { get; private set; }

    /// <summary>SYNs sent again.</summary>
    public long Retransmits { get; private set; }

    /// <summary>Longest time from SYN to answer, nanoseconds.</summary>
    public long LongestRttNs { get; private set; }

    /// <summary>Checks of any target that ended so.</summary>
    public long Count(CheckEnd end) => Count(end, _ => true);

    /// <summary>Checks of these targets that ended so.</summary>
    public long Count(CheckEnd end, Func<CheckTarget, bool> which) =>
        _targets.Where(which).Sum(target => (long)_ends[target.Index * s_ends + (int)end]);

    /// <summary>From the beginning of a check to its outcome.</summary>
    public Durations Took { get; } = new();

    /// <summary>How much later than planned the checks of <see cref="RunPaced"/> were begun.</summary>
    public Durations Lateness { get; } = new();

    /// <summary>Offers checks as fast as the engine takes them, a new one for each that ends.</summary>
    /// <param name="inFlight">How many at once.</param>
    /// <param name="checks">How many in all.</param>
    /// <param name="limit">Begins none after so long.</param>
    public void Run(int inFlight, long checks, TimeSpan limit)
    {
        var end = _engine.NowNs + limit.Ticks * 100;
        var next = 0;
        var until = Started + checks;
        while (Started < until && _engine.NowNs < end)
        {
            while (Started < until && _engine.InFlight < inFlight && TryStart(next))
            {
                next = next + 1 < _targets.Count ? next + 1 : 0;
            }

            _engine.Poll(end, this);
        }

        Finish();
    }

    /// <summary>Checks every target once a second, evenly spread.</summary>
    public void RunPaced(int seconds)
    {
        var begin = _engine.NowNs;
        var spacing = 1e9 / _targets.Count;
        var total = (long)seconds * _targets.Count;
        for (var number = 0L; number < total;)
        {
            var planned = begin + (long)(number * spacing);
            if (_engine.NowNs < planned)
            {
                _engine.Poll(planned, this);
            }
            else if (TryStart((int)(number % _targets.Count)))
            {
                Lateness.Add(_engine.NowNs - planned);
                number++;
            }
            else
            {
                _engine.Poll(long.MaxValue, this);
            }
        }

        Finish();
    }

    /// <inheritdoc/>
    public void Done(in CheckOutcome outcome)
    {
        Over++;
        _ends[outcome.Target * s_ends + (int)outcome.End]++;
        Escaped += outcome.AckEscaped ? 1 : 0;
        Retransmits += outcome.SynRetransmits;
        LongestRttNs = Math.Max(LongestRttNs, outcome.RttNs);
        Took.Add(_engine.NowNs - outcome.StartedNs);
        Seen?.Invoke(outcome);
    }

    private bool TryStart(int target)
    {
        if (!_engine.TryStart(_targets[target], _attempts[target] + 1))
        {
            return false;
        }

        _attempts[target]++;
        Started++;
        return true;
    }

    private void Finish()
    {
        while (_engine.InFlight > 0)
        {
            _engine.Poll(long.MaxValue, this);
        }
    }
}
