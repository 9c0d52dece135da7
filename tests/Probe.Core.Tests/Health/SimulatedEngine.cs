using Probe.Core.Health;
using Probe.Core.Vocabulary;

namespace Probe.Core.Tests.Health;

/// <summary>What a simulated target does with a check.</summary>
/// <param name="End">How a check of it ends.</param>
/// <param name="AfterNs">After how long.</param>
/// <param name="Errno">With which error number; one of the call itself.</param>
internal readonly record struct TargetTruth(CheckEnd End, long AfterNs, int Errno = 0);

/// <summary>Targets in memory under virtual time: each does what its truth says, and every begin is written down.</summary>
internal sealed class SimulatedEngine(Func<CheckTarget, TargetTruth> truth, int capacity = int.MaxValue, params CheckKind[] kinds) : ICheckEngine
{
    private readonly PriorityQueue<CheckOutcome, long> _ends = new();
    private volatile bool _woken;

    public List<(long AtNs, int Target, int Attempt)> Begun { get; } = [];

    public int MostInFlight { get; private set; }

    public long NowNs { get; set; }

    public bool Carries(CheckKind kind, bool tunnelled) => kinds.Length == 0 || kinds.Contains(kind);

    public int InFlight => _ends.Count;

    public int Capacity => capacity;

    public bool TryStart(CheckTarget target, int attempt)
    {
        if (InFlight >= capacity)
        {
            return false;
        }

        var (end, after, errno) = truth(target);
        var rtt = end == CheckEnd.Answered ? after : -1;
        _ends.Enqueue(new CheckOutcome { Target = target.Index, Attempt = attempt, End = end, StartedNs = NowNs, RttNs = rtt, Errno = errno, Synchronous = errno != 0 }, NowNs + after);
        Begun.Add((NowNs, target.Index, attempt));
        MostInFlight = Math.Max(MostInFlight, InFlight);
        return true;
    }

    public void Poll(long untilNs, ICheckSink sink)
    {
        if (_ends.TryPeek(out _, out var firstNs))
        {
            untilNs = Math.Min(untilNs, firstNs);
        }

        if (!_woken)
        {
            NowNs = Math.Max(NowNs, untilNs);
        }

        _woken = false;

        while (_ends.TryPeek(out var outcome, out var endNs) && endNs <= NowNs)
        {
            _ends.Dequeue();
            sink.Done(outcome);
        }
    }

    public void Wake() => _woken = true;

    public void Dispose()
    {
    }
}
