using Probe.Core.Packets;

namespace Probe.Core.Tracing;

/// <summary>
/// Who answered one flow at one TTL, stretch by stretch in order of sending, whenever the answers came: one switch is a route that changed,
/// many are a balancer that decides packet by packet.
/// </summary>
internal sealed class AnswerRuns
{
    /// <summary>Stretches kept; a run of a day must not grow without end.</summary>
    public const int Most = 8;

    private readonly List<AnswerRun> _runs;

    /// <param name="first">The only node so far.</param>
    public AnswerRuns(FlowNode first) => _runs = [new AnswerRun(first.Address, first.FirstSentNs, first.LastSentNs)];

    /// <summary>The stretches in order; not to be read when there were too many.</summary>
    public IReadOnlyList<AnswerRun> Runs => _runs;

    /// <summary>There were more than are kept.</summary>
    public bool TooMany { get; private set; }

    /// <summary>Adds an answer to a probe sent at this time.</summary>
    public void Add(IpAddress from, long sentNs)
    {
        if (TooMany)
        {
            return;
        }

        var after = 0;
        while (after < _runs.Count && _runs[after].FirstSentNs <= sentNs)
        {
            after++;
        }

        if (after > 0 && _runs[after - 1] is var before && before.From == from)
        {
            _runs[after - 1] = before with { LastSentNs = Math.Max(before.LastSentNs, sentNs) };
        }
        else if (after > 0 && sentNs < _runs[after - 1].LastSentNs)
        {
            // An answer that came late falls into the midst of another address's stretch.
            var split = _runs[after - 1];
            _runs[after - 1] = split with { LastSentNs = sentNs };
            _runs.Insert(after, new AnswerRun(from, sentNs, sentNs));
            _runs.Insert(after + 1, split with { FirstSentNs = sentNs });
        }
        else if (after < _runs.Count && _runs[after].From == from)
        {
            _runs[after] = _runs[after] with { FirstSentNs = sentNs };
        }
        else
        {
            _runs.Insert(after, new AnswerRun(from, sentNs, sentNs));
        }

        TooMany = _runs.Count > Most;
    }
}

/// <summary>A stretch of probes that one address answered.</summary>
/// <param name="From">The address.</param>
/// <param name="FirstSentNs">When the first was sent, nanoseconds of the run's clock.</param>
/// <param name="LastSentNs">When the last was sent.</param>
internal readonly record struct AnswerRun(IpAddress From, long FirstSentNs, long LastSentNs);
