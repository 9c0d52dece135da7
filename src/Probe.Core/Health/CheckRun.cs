using System.Collections.Concurrent;
using Probe.Core.Vocabulary;

namespace Probe.Core.Health;

/// <summary>Checks targets through one engine, on the caller's thread, until all is done.</summary>
public sealed class CheckRun
{
    // An engine is woken on cancellation; this bounds the wait where a wake is missed.
    private const long LongestWaitNs = 1_000_000_000;

    // How long a full taker is given to make room.
    private const long RoomWaitNs = 1_000_000;

    // A long burst of SYNs would hold up the answers to its own beginning.
    private const int Burst = 64;

    private readonly ICheckEngine _engine;
    private readonly CheckSchedule _schedule;
    private readonly int _mostInFlight;
    private readonly ConcurrentQueue<CheckTarget> _arrivals = [];
    private volatile bool _more;

    /// <param name="engine">Who carries the checks.</param>
    /// <param name="targets">What to check.</param>
    /// <param name="options">How fast.</param>
    /// <param name="seed">Seed of the random order.</param>
    /// <param name="more">More targets come while it runs: see <see cref="Add"/>.</param>
    public CheckRun(ICheckEngine engine, IReadOnlyList<CheckTarget> targets, CheckRunOptions options, int seed, bool more = false)
    {
        (_engine, _more) = (engine, more);
        _schedule = new CheckSchedule(targets, options, seed);
        _mostInFlight = Math.Min(options.InFlight, engine.Capacity);
    }

    /// <summary>One more target. From any thread.</summary>
    public void Add(CheckTarget target)
    {
        _arrivals.Enqueue(target);
        _engine.Wake();
    }

    /// <summary>No more targets come. From any thread, but after the last <see cref="Add"/>.</summary>
    public void Complete()
    {
        _more = false;
        _engine.Wake();
    }

    /// <summary>Runs to the end. Checks in flight when it ends early are given up and have no outcome.</summary>
    /// <param name="sink">Takes the outcomes, on this thread.</param>
    /// <param name="longestNs">After so long it ends; <see cref="long.MaxValue"/> for never.</param>
    /// <param name="cancellation">Ends it; whoever cancels also wakes the engine.</param>
    /// <param name="room">How many more outcomes the sink can take; null where it takes all.</param>
    public SweepEnd Run(ICheckSink sink, long longestNs, CancellationToken cancellation, Func<int>? room = null)
    {
        var begun = _engine.NowNs;
        var deadlineNs = longestNs < long.MaxValue - begun ? begun + longestNs : long.MaxValue;
        while (!cancellation.IsCancellationRequested)
        {
            var now = _engine.NowNs;
            if (now >= deadlineNs)
            {
                return SweepEnd.Deadline;
            }

            // Asked before the arrivals are taken: whoever said that no more come had added them all.
            var more = _more;
            while (_arrivals.TryDequeue(out var target))
            {
                _schedule.Add(target);
            }

            var nextNs = Begin(now, room);
            if (!more && _schedule.IsDone && _engine.InFlight == 0)
            {
                return SweepEnd.Done;
            }

            _engine.Poll(Math.Min(Math.Min(nextNs, deadlineNs), now + LongestWaitNs), sink);
        }

        return SweepEnd.Interrupted;
    }

    // Begins what may begin, and says when to look again.
    private long Begin(long nowNs, Func<int>? room)
    {
        var begun = 0;
        var nextNs = long.MaxValue;
        while (_schedule.TryPeek(nowNs, out var target, out var attempt, out nextNs))
        {
            if (_engine.InFlight >= _mostInFlight)
            {
                return long.MaxValue;
            }

            if (room is not null && room() <= _engine.InFlight)
            {
                return nowNs + RoomWaitNs;
            }

            if (!_engine.TryStart(target, attempt))
            {
                return long.MaxValue;
            }

            _schedule.Begun(nowNs);
            if (++begun == Burst)
            {
                return nowNs;
            }
        }

        return nextNs;
    }
}
