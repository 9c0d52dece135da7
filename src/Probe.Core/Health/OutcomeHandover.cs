namespace Probe.Core.Health;

/// <summary>
/// Outcomes on their way from the engines' threads to the one that judges and writes. It never makes an engine wait: an engine asks for
/// room before it begins a check, because one held up between SYN-ACK and close would let the delayed ACK out.
/// </summary>
internal sealed class OutcomeHandover(int capacity) : ICheckSink
{
    private readonly object _lock = new();
    private List<CheckOutcome> _filling = [];
    private List<int> _gone = [];
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

    /// <inheritdoc/>
    public void Gone(int target)
    {
        lock (_lock)
        {
            _gone.Add(target);
            _woken = true;
            Monitor.Pulse(_lock);
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

    /// <summary>Waits for outcomes, no longer than this, and swaps them for the emptied lists of the last time.</summary>
    /// <param name="outcomes">Emptied; filled afterwards.</param>
    /// <param name="gone">Emptied; afterwards the targets of which nothing comes after those outcomes.</param>
    /// <param name="longest">How long to wait.</param>
    public void Take(ref List<CheckOutcome> outcomes, ref List<int> gone, TimeSpan longest)
    {
        lock (_lock)
        {
            if (_waiting == 0 && !_woken && longest > TimeSpan.Zero)
            {
                Monitor.Wait(_lock, longest);
            }

            _woken = false;
            (outcomes, _filling) = (_filling, outcomes);
            (gone, _gone) = (_gone, gone);
            _waiting = 0;
        }
    }
}
