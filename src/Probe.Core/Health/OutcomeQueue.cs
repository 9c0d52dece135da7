namespace Probe.Core.Health;

/// <summary>Outcomes that wait for the consumer, first in, first out, in a ring made once.</summary>
internal sealed class OutcomeQueue(int capacity)
{
    private readonly CheckOutcome[] _ring = new CheckOutcome[capacity];
    private int _first;

    public int Count { get; private set; }

    public void Add(in CheckOutcome outcome)
    {
        var place = _first + Count;
        _ring[place < _ring.Length ? place : place - _ring.Length] = outcome;
        Count++;
    }

    public bool TryTake(out CheckOutcome outcome)
    {
        if (Count == 0)
        {
            outcome = default;
            return false;
        }

        outcome = _ring[_first];
        _first = _first + 1 < _ring.Length ? _first + 1 : 0;
        Count--;
        return true;
    }
}
