using System.Collections.Concurrent;
using System.Diagnostics;
using Probe.Core.Linux;
using Probe.Core.Packets;

namespace Probe.Cli.Names;

/// <summary>
/// Reverse names, asked for in the background as soon as an address is seen, so that they never stand in the way of a probe.
/// A few threads of their own do the asking: the resolver blocks, for seconds where a zone's servers are silent.
/// </summary>
internal sealed class ReverseNames : IDisposable
{
    private const int MostThreads = 8;

    private readonly Func<IpAddress, string?> _ask;
    private readonly ConcurrentDictionary<IpAddress, string?> _known = [];
    private readonly HashSet<IpAddress> _asked = [];
    private readonly BlockingCollection<IpAddress> _questions = [];
    private readonly Lock _lock = new();
    private int _threads;
    private int _open;

    /// <summary>Asks the system's resolver.</summary>
    public ReverseNames()
        : this(NameService.NameOf)
    {
    }

    /// <summary>Asks somebody else.</summary>
    internal ReverseNames(Func<IpAddress, string?> ask) => _ask = ask;

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
                new Thread(Answer) { IsBackground = true, Name = "reverse names" }.Start();
            }
        }

        _questions.Add(address);
    }

    /// <summary>The name as its owner gave it, so harmless only after cleaning; null when there is none, or none yet.</summary>
    public string? NameOf(IpAddress address) => _known.GetValueOrDefault(address);

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

    /// <summary>Ends the asking; what a resolver still owes is forgotten.</summary>
    public void Dispose() => _questions.CompleteAdding();

    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(50);

    private void Answer()
    {
        foreach (var address in _questions.GetConsumingEnumerable())
        {
            var name = _ask(address);
            lock (_known)
            {
                _known[address] = name;
                Interlocked.Decrement(ref _open);
                Monitor.PulseAll(_known);
            }
        }
    }
}
