namespace Probe.Core.Health;

/// <summary>
/// Outcomes on their way from the engines' threads to the one that judges and writes. It never makes an engine wait: an engine asks for
/// room before it begins a check, because one held up between SYN-ACK and close would let the delayed ACK out.
/// </summary>
internal sealed class OutcomeHandover(int capacity) : ICheckSink
{
    private readonly object _lock = new();
    private List<CheckOutcome> _filling = [];
    private int _waiting;
    private bool _woken;

    /// <summary>How many more it takes.</summary>
    public int Room => capacity - Volatile.Read(ref _waiting);

    /// <inheritdoc/>
    public void Done(in CheckOutcome outcome)
    {
        lock (_lock)
        {
            _filling.Add(outcome);
            if (++_waiting == 1)
            {
                Monitor.Pulse(_lock);
            }
        }
    }

    /// <summary>Ends a wait.</summary>
    public void Wake()
    {
        lock (_lock)
        {
            _woken = true;
            Monitor.Pulse(_lock);
        }
    }

    /// <summary>Waits for outcomes, no longer than this, and swaps them for the emptied list of the last time.</summary>
    public List<CheckOutcome> Take(List<CheckOutcome> emptied, TimeSpan longest)
    {
        lock (_lock)
        {
            if (_waiting == 0 && !_woken && longest > TimeSpan.Zero)
            {
                Monitor.Wait(_lock, longest);
            }

            _woken = false;

            (emptied, _filling) = (_filling, emptied);
            _waiting = 0;
            return emptied;
        }
    }
}
