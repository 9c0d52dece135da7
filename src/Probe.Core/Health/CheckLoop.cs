using System.Collections.Concurrent;
using Probe.Core.Vocabulary;

namespace Probe.Core.Health;

/// <summary>Checks targets through one engine, on the caller's thread, until all is done. Targets may come and go meanwhile.</summary>
public sealed class CheckLoop
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
    private readonly ConcurrentQueue<Change> _changes = [];
    private volatile bool _more;

    /// <param name="engine">Who carries the checks.</param>
    /// <param name="targets">What to check.</param>
    /// <param name="pace">How fast.</param>
    /// <param name="seed">Seed of the random order.</param>
    /// <param name="more">More targets come while it runs: see <see cref="Add"/>.</param>
    public CheckLoop(ICheckEngine engine, IReadOnlyList<CheckTarget> targets, CheckPace pace, int seed, bool more = false)
        : this(engine, targets.Count, pace, seed, more)
    {
        foreach (var target in targets)
        {
            AddFirst(target);
        }
    }

    /// <summary>A loop that is told its first targets by <see cref="AddFirst"/>, about so many.</summary>
    internal CheckLoop(ICheckEngine engine, int targets, CheckPace pace, int seed, bool more)
    {
        (_engine, _more) = (engine, more);
        _schedule = new CheckSchedule(pace, seed, targets);
        _mostInFlight = Math.Min(pace.InFlight, engine.Capacity);
    }

    private enum What : byte
    {
        Add,
        Replace,
        Remove,
    }

    /// <summary>A target that is there when the run begins: before <see cref="Run"/> is called.</summary>
    internal void AddFirst(CheckTarget target) => _schedule.Add(target, _engine.NowNs);

    /// <summary>One more target, checked at once. From any thread.</summary>
    public void Add(CheckTarget target) => Hand(new Change(What.Add, target));

    /// <summary>The target with this index has another interval, timeout, name or weight from now on. From any thread.</summary>
    public void Replace(CheckTarget target) => Hand(new Change(What.Replace, target));

    /// <summary>
    /// The target is checked no more. From any thread. A check in flight has no outcome; when none is, the sink is told
    /// (<see cref="ICheckSink.Gone"/>).
    /// </summary>
    public void Remove(CheckTarget target) => Hand(new Change(What.Remove, target));

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
        var outcomes = new Outcomes(this, sink);
        while (!cancellation.IsCancellationRequested)
        {
            var now = _engine.NowNs;
            if (now >= deadlineNs)
            {
                return SweepEnd.Deadline;
            }

            // Asked before the changes are made: whoever said that no more come had added them all.
            var more = _more;
            MakeChanges(now, sink);
            var nextNs = Begin(now, room);
            if (!more && _schedule.IsDone && _engine.InFlight == 0)
            {
                return SweepEnd.Done;
            }

            _engine.Poll(Math.Min(Math.Min(nextNs, deadlineNs), now + LongestWaitNs), outcomes);
        }

        return SweepEnd.Interrupted;
    }

    private void Hand(Change change)
    {
        _changes.Enqueue(change);
        _engine.Wake();
    }

    private void MakeChanges(long nowNs, ICheckSink sink)
    {
        while (_changes.TryDequeue(out var change))
        {
            switch (change.What)
            {
                case What.Add:
                    _schedule.Add(change.Target, nowNs);
                    break;
                case What.Replace:
                    _schedule.Replace(change.Target);
                    break;
                case What.Remove when _schedule.Remove(change.Target.Index):
                    sink.Gone(change.Target.Index);
                    break;
            }
        }
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

    // A queue of structs would be compiled at each start.
    private sealed record Change(What What, CheckTarget Target);

    /// <summary>Lets outcomes through, except those of targets that were removed.</summary>
    private sealed class Outcomes(CheckLoop loop, ICheckSink sink) : ICheckSink
    {
        public void Done(in CheckOutcome outcome)
        {
            if (loop._schedule.Ended(outcome.Target, loop._engine.NowNs, out var isLast))
            {
                sink.Done(in outcome);
            }
            else if (isLast)
            {
                sink.Gone(outcome.Target);
            }
        }
    }
}
