using System.Collections.Concurrent;
using System.Diagnostics;
using Probe.Core.Packets;

namespace Probe.Cli.Names;

/// <summary>
/// Asks something about addresses in the background, so that it never stands in the way of a probe.
/// A few threads of its own do the asking: whoever answers may take seconds, or never do.
/// </summary>
internal abstract class BackgroundLookup<T>(Func<IpAddress, T?> ask, string what) : IDisposable
    where T : class
{
    private const int MostThreads = 8;
    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(50);

    private readonly ConcurrentDictionary<IpAddress, T?> _known = [];
    private readonly HashSet<IpAddress> _asked = [];
    private readonly BlockingCollection<IpAddress> _questions = [];
    private readonly Lock _lock = new();
    private int _threads;
    private int _open;

    /// <summary>Starts to ask, unless it was asked before. Returns at once.</summary>
    public void Ask(IpAddress address)
    {
        lock (_lock)
        {
            if (!_asked.Add(address))
            {
                return;
            }

            _open++;
            if (_threads < MostThreads)
            {
                _threads++;
                new Thread(Answer) { IsBackground = true, Name = what }.Start();
            }
        }

        _questions.Add(address);
    }

    /// <summary>Whether the answer is there, be it that there is none.</summary>
    public bool IsAnswered(IpAddress address) => _known.ContainsKey(address);

    /// <summary>Waits until every question is answered, but no longer than this; false when some are left.</summary>
    public bool Wait(TimeSpan longest, CancellationToken cancellation)
    {
        var begun = Stopwatch.GetTimestamp();
        lock (_known)
        {
            while (Volatile.Read(ref _open) > 0)
            {
                var left = longest - Stopwatch.GetElapsedTime(begun);
                if (left <= TimeSpan.Zero || cancellation.IsCancellationRequested)
                {
                    return false;
                }

                // Short turns, because a cancellation does not pulse.
                Monitor.Wait(_known, left < Turn ? left : Turn);
            }
        }

        return true;
    }

    /// <summary>Ends the asking; what is still owed is forgotten.</summary>
    public virtual void Dispose()
    {
        _questions.CompleteAdding();
        GC.SuppressFinalize(this);
    }

    /// <summary>What is known of the address; null when there is nothing, or nothing yet.</summary>
    protected T? Known(IpAddress address) => _known.GetValueOrDefault(address);

    private void Answer()
    {
        foreach (var address in _questions.GetConsumingEnumerable())
        {
            var answer = ask(address);
            lock (_known)
            {
                _known[address] = answer;
                Interlocked.Decrement(ref _open);
                Monitor.PulseAll(_known);
            }
        }
    }
}
