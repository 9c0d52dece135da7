using System.Collections.Concurrent;

namespace Probe.Cli.Names;

/// <summary>
/// Works through a list on threads of its own, a little ahead of whoever takes the results, and wakes him when one comes after none was
/// there.
/// For work that waits, as for a resolver that takes ten seconds to say nothing. A thread that waits still when all is over ends with the
/// process.
/// </summary>
internal sealed class WorkAhead<T> : IDisposable
{
    private const int Ahead = 4096;

    // What is done here waits, and needs no core.
    private const int MostThreads = 32;

    private readonly int _count;
    private readonly Work _work;
    private readonly Action _wake;
    private readonly BlockingCollection<T> _ready = new(Ahead);
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _waking = new();
    private bool _over;
    private int _next = -1;
    private int _working;
    private volatile bool _starving;
    private volatile Exception? _fault;

    /// <summary>Begins.</summary>
    /// <param name="count">Pieces of work.</param>
    /// <param name="inOrder">The results come in the order of the list, from one thread.</param>
    /// <param name="work">Does one.</param>
    /// <param name="wake">Called on any thread when a result comes after <see cref="TryTake"/> had none, and at the end.</param>
    public WorkAhead(int count, bool inOrder, Work work, Action wake)
    {
        (_count, _work, _wake) = (count, work, wake);
        _working = Math.Clamp(inOrder ? 1 : MostThreads, 1, Math.Max(1, count));
        var threads = Enumerable.Range(0, _working).Select(_ => new Thread(Run) { IsBackground = true, Name = "ahead" }).ToList();
        threads.ForEach(thread => thread.Start());
    }

    /// <summary>Does one piece of work, on any thread; false when it has no result.</summary>
    public delegate bool Work(int index, CancellationToken stop, out T result);

    /// <summary>Every piece is done, and every result taken.</summary>
    public bool IsOver => _ready.IsCompleted;

    /// <summary>The next result that is there, without waiting.</summary>
    /// <exception cref="InvalidOperationException">Work failed with an exception, which is inside.</exception>
    public bool TryTake(out T result)
    {
        if (_ready.TryTake(out result!))
        {
            return true;
        }

        // Said before looking again, or what comes in between would wake nobody.
        _starving = true;
        return _ready.TryTake(out result!) || (_fault is { } fault ? throw new InvalidOperationException(fault.Message, fault) : false);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // Whom the results are for may be gone right after this.
        lock (_waking)
        {
            _over = true;
        }

        _stop.Cancel();
    }

    private void Run()
    {
        try
        {
            for (var index = Interlocked.Increment(ref _next); index < _count
                && !_stop.IsCancellationRequested; index = Interlocked.Increment(ref _next))
            {
                if (_work(index, _stop.Token, out var result))
                {
                    _ready.Add(result, _stop.Token);
                    WakeIfStarving();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The run is over; nobody waits for the rest.
            return;
        }
        catch (Exception e)
        {
            // Thrown again on the taker's thread.
            _fault = e;
        }
        finally
        {
            if (Interlocked.Decrement(ref _working) == 0)
            {
                _ready.CompleteAdding();
                _starving = true;
                WakeIfStarving();
            }
        }
    }

    private void WakeIfStarving()
    {
        lock (_waking)
        {
            if (_starving && !_over)
            {
                _starving = false;
                _wake();
            }
        }
    }
}
