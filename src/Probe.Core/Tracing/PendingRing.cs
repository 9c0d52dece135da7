namespace Probe.Core.Tracing;

/// <summary>
/// The probes under way, by number, in the order they were sent. All have the same time to be answered, so what is oldest is over first.
/// </summary>
internal sealed class PendingRing
{
    private Entry[] _ring = new Entry[1024];
    private int _oldest = 1;
    private int _notQuiet = 1;
    private int _next = 1;

    /// <summary>The probe may still be answered.</summary>
    public bool Holds(int number) => number >= _oldest && number < _next;

    public ref Entry At(int number) => ref _ring[number & (_ring.Length - 1)];

    /// <summary>Adds a probe; numbers rise by one.</summary>
    public void Add(int number, BulkSlot slot, int ttl, long nowNs)
    {
        if (_oldest == _next)
        {
            (_oldest, _notQuiet, _next) = (number, number, number);
        }

        ArgumentOutOfRangeException.ThrowIfNotEqual(number, _next);
        if (_next - _oldest == _ring.Length)
        {
            Grow();
        }

        At(_next++) = new Entry { Slot = slot.Place, Generation = slot.Generation, Ttl = ttl, SentNs = nowNs, Waits = true };
    }

    /// <summary>Takes the next probe that was sent up to this time and not yet taken here.</summary>
    public bool TryTakeQuiet(long sentUpToNs, out int number) => TryTake(ref _notQuiet, sentUpToNs, out number);

    /// <summary>Takes and forgets the oldest probe if it was sent up to this time.</summary>
    public bool TryTakeExpired(long sentUpToNs, out int number)
    {
        if (!TryTake(ref _oldest, sentUpToNs, out number))
        {
            return false;
        }

        _notQuiet = Math.Max(_notQuiet, _oldest);
        return true;
    }

    /// <summary>When the oldest probe's time is over; <see cref="long.MaxValue"/> when there is none.</summary>
    public long NextExpiryNs(long timeoutNs) => NextNs(_oldest, timeoutNs);

    /// <summary>When the next probe counts as silent for long.</summary>
    public long NextQuietNs(long quietNs) => NextNs(_notQuiet, quietNs);

    private long NextNs(int number, long afterNs) => number < _next ? At(number).SentNs + afterNs : long.MaxValue;

    private bool TryTake(ref int from, long sentUpToNs, out int number)
    {
        number = from;
        if (from >= _next || At(from).SentNs > sentUpToNs)
        {
            return false;
        }

        from++;
        return true;
    }

    private void Grow()
    {
        var larger = new Entry[2 * _ring.Length];
        for (var number = _oldest; number < _next; number++)
        {
            larger[number & (larger.Length - 1)] = At(number);
        }

        _ring = larger;
    }

    /// <summary>One probe.</summary>
    internal struct Entry
    {
        public long SentNs;
        public int Slot;
        public int Generation;
        public int Ttl;

        /// <summary>Neither answered nor given up.</summary>
        public bool Waits;
    }
}
