using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Probe.Core.Vocabulary;

namespace Probe.Core.Health;

/// <summary>
/// Several engines at work at once, each on a thread of its own with its share of the targets: those of its kinds, where engines of
/// different kinds work side by side. The caller's thread takes the outcomes, and lets targets come and go.
/// </summary>
public sealed class CheckLoops
{
    // Some seconds of outcomes at the fastest: whoever reads them may be a terminal.
    private const int QueueCapacity = 256 * 1024;

    private static readonly TimeSpan s_turnTime = TimeSpan.FromMilliseconds(50);

    private readonly IReadOnlyList<ICheckEngine> _engines;
    private readonly TargetTable _targets;
    private readonly EngineShares _shares;
    private readonly List<CheckLoop> _loops = [];
    private readonly OutcomeHandover _queue = new(QueueCapacity);

    /// <param name="engines">One for each thread; the caller disposes them after the run.</param>
    /// <param name="targets">What to check.</param>
    /// <param name="pace">How fast, all engines together.</param>
    /// <param name="seed">Seed of the random order.</param>
    /// <param name="more">More targets come while it runs: see <see cref="Add"/>.</param>
    /// <exception cref="NotSupportedException">No engine carries checks of a target's kind.</exception>
    public CheckLoops(IReadOnlyList<ICheckEngine> engines, TargetTable targets, CheckPace pace, int seed, bool more = false)
    {
        ArgumentOutOfRangeException.ThrowIfZero(engines.Count);
        (_engines, _targets, _shares) = (engines, targets, new EngineShares(engines, targets.Count));
        var share = pace.Share(engines.Count, _shares.Sorts);
        for (var i = 0; i < engines.Count; i++)
        {
            _loops.Add(new CheckLoop(engines[i], targets.Count / engines.Count + 1, share, seed + i, more));
        }

        foreach (var target in targets)
        {
            _loops[_shares.Join(target)].AddFirst(target);
        }
    }

    /// <summary>One more target of the table, checked at once. On the thread that takes the outcomes.</summary>
    /// <exception cref="NotSupportedException">No engine carries checks of its kind.</exception>
    public void Add(CheckTarget target) => _loops[_shares.Join(target)].Add(target);

    /// <summary>
    /// Puts another in the place of the target with its index: the same check (<see cref="CheckTarget.Key"/>) with another pace, name or
    /// weight.
    /// </summary>
    public void Replace(CheckTarget target)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentOutOfRangeException.ThrowIfNotEqual(target.Key, _targets[target.Index].Key, nameof(target));
        _targets.Replace(target);
        _loops[_shares.Of(target)].Replace(target);
    }

    /// <summary>
    /// A target is checked no more, and no outcome of it comes any more. On the thread that takes the outcomes. Its index is free, and the
    /// taker told (<see cref="ICheckSink.Gone"/>), when the check that is in flight is over.
    /// </summary>
    public void Remove(CheckTarget target)
    {
        ArgumentNullException.ThrowIfNull(target);
        _targets.Leave(target.Index);
        _loops[_shares.Leave(target)].Remove(target);
    }

    /// <summary>No more targets come.</summary>
    public void Complete() => _loops.ForEach(loop => loop.Complete());

    /// <summary>Calls for a turn at once. From any thread.</summary>
    public void Wake() => _queue.Wake();

    /// <summary>Runs to the end.</summary>
    /// <param name="taker">Takes the outcomes, on this thread.</param>
    /// <param name="turn">Called on this thread about every 50 ms, and after the last outcome.</param>
    /// <param name="longestNs">After so long it ends; <see cref="long.MaxValue"/> for never.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>Why it ended.</returns>
    public SweepEnd Run(ICheckSink taker, Action turn, long longestNs, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var wake = stop.Token.Register(WakeAll);
        var ends = new SweepEnd[_loops.Count];
        ExceptionDispatchInfo? failure = null;
        var threads = _loops.Select((loop, i) => new Thread(() =>
        {
            try
            {
                ends[i] = loop.Run(_queue, longestNs, stop.Token, () => _queue.Room / _loops.Count);
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
                stop.Cancel();
            }
        }) { Name = $"check {i}", IsBackground = true }).ToList();
        threads.ForEach(thread => thread.Start());
        try
        {
            Take(threads, taker, turn);
        }
        finally
        {
            // Also when the taker fails: no engine is disposed under its thread.
            stop.Cancel();
            threads.ForEach(thread => thread.Join());
        }

        failure?.Throw();
        return ends.Max();
    }

    private void Take(List<Thread> threads, ICheckSink taker, Action turn)
    {
        List<CheckOutcome> outcomes = [];
        List<int> gone = [];
        var running = true;
        while (running)
        {
            // Asked before the queue is emptied: what a thread leaves behind at its end is still taken.
            running = threads.Exists(thread => thread.IsAlive);
            _queue.Take(ref outcomes, ref gone, running ? s_turnTime : TimeSpan.Zero);
            foreach (ref readonly var outcome in CollectionsMarshal.AsSpan(outcomes))
            {
                // It may have been on its way when the target was removed.
                if (_targets.Has(outcome.Target))
                {
                    taker.Done(outcome);
                }
            }

            foreach (var target in gone)
            {
                taker.Gone(target);
                _targets.Release(target);
            }

            outcomes.Clear();
            gone.Clear();
            turn();
        }
    }

    private void WakeAll()
    {
        foreach (var engine in _engines)
        {
            engine.Wake();
        }
    }
}
