using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;

namespace Probe.Core.Health;

/// <summary>Several engines at work at once, each on a thread of its own with its share of the targets. The caller's thread takes the outcomes.</summary>
public sealed class CheckCrew
{
    // Some seconds of outcomes at the fastest: whoever reads them may be a terminal.
    private const int QueueCapacity = 256 * 1024;

    private static readonly TimeSpan TurnTime = TimeSpan.FromMilliseconds(50);

    private readonly IReadOnlyList<ICheckEngine> _engines;
    private readonly List<CheckRun> _runs = [];
    private readonly OutcomeHandover _queue = new(QueueCapacity);
    private readonly Dictionary<(IpAddress Address, ushort? Port), int> _engineOf = [];

    /// <param name="engines">One for each thread; the caller disposes them after the run.</param>
    /// <param name="targets">What to check.</param>
    /// <param name="options">How fast, all engines together.</param>
    /// <param name="seed">Seed of the random order.</param>
    /// <param name="more">More targets come while it runs: see <see cref="Add"/>.</param>
    public CheckCrew(IReadOnlyList<ICheckEngine> engines, IReadOnlyList<CheckTarget> targets, CheckRunOptions options, int seed, bool more = false)
    {
        ArgumentOutOfRangeException.ThrowIfZero(engines.Count);
        _engines = engines;
        var share = options.Share(engines.Count);
        var shares = targets.ToLookup(EngineFor);
        for (var i = 0; i < engines.Count; i++)
        {
            _runs.Add(new CheckRun(engines[i], [.. shares[i]], share, seed + i, more));
        }
    }

    /// <summary>One more target, on the thread that takes the outcomes.</summary>
    public void Add(CheckTarget target) => _runs[EngineFor(target)].Add(target);

    /// <summary>No more targets come.</summary>
    public void Complete() => _runs.ForEach(run => run.Complete());

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
        var ends = new SweepEnd[_runs.Count];
        ExceptionDispatchInfo? failure = null;
        var threads = _runs.Select((run, i) => new Thread(() =>
        {
            try
            {
                ends[i] = run.Run(_queue, longestNs, stop.Token, () => _queue.Room / _runs.Count);
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
        return ends.Contains(SweepEnd.Interrupted) ? SweepEnd.Interrupted : ends.Max();
    }

    private void Take(List<Thread> threads, ICheckSink taker, Action turn)
    {
        List<CheckOutcome> outcomes = [];
        var running = true;
        while (running)
        {
            // Asked before the queue is emptied: what a thread leaves behind at its end is still taken.
            running = threads.Exists(thread => thread.IsAlive);
            outcomes = _queue.Take(outcomes, running ? TurnTime : TimeSpan.Zero);
            foreach (ref readonly var outcome in CollectionsMarshal.AsSpan(outcomes))
            {
                taker.Done(outcome);
            }

            outcomes.Clear();
            turn();
        }
    }

    // By address and port, so that the limit of one target is kept by one engine; all of one tunnel's end, as an error about the outer packet may
    // name no more, and only the engine that sent it knows it.
    private int EngineFor(CheckTarget target)
    {
        (IpAddress, ushort?) key = (target.SentTo, target.Via.IsEmpty ? target.Port : null);
        if (!_engineOf.TryGetValue(key, out var engine))
        {
            _engineOf.Add(key, engine = _engineOf.Count % _engines.Count);
        }

        return engine;
    }

    private void WakeAll()
    {
        foreach (var engine in _engines)
        {
            engine.Wake();
        }
    }
}
