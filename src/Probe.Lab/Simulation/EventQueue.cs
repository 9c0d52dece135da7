namespace Probe.Lab.Simulation;

/// <summary>Something that happens at a node.</summary>
internal enum EventKind : byte
{
    /// <summary>A packet arrives by a channel.</summary>
    Arrives,

    /// <summary>A packet that the node made leaves it.</summary>
    Leaves,

    /// <summary>The next packet of a noise source.</summary>
    Noise,

    /// <summary>A repeated or late segment of a TCP endpoint.</summary>
    Timer,
}

/// <summary>One event.</summary>
/// <param name="Kind">What happens.</param>
/// <param name="Place">Index of the node, or of the noise source.</param>
/// <param name="Channel">Channel of an arrival.</param>
/// <param name="Packet">Its packet.</param>
/// <param name="State">What a timer is for.</param>
internal readonly record struct SimulatedEvent(EventKind Kind, int Place = 0, Channel? Channel = null, SimulatedPacket? Packet = null,
    object? State = null);

/// <summary>
/// Events by time: a heap of four children a node, and in front of it one place for the earliest event, because a packet's next hop is
/// nearly always what happens next. The heap holds keys only; moving references about costs the collector's barriers.
/// </summary>
internal sealed class EventQueue
{
    private const long Outside = 1L << 62;

    private readonly Stack<int> _free = new();
    private SimulatedEvent[] _events = new SimulatedEvent[64];
    private Key[] _heap = new Key[64];
    private int _used;
    private int _count;
    private Key _first;
    private bool _hasFirst;
    private long _order;

    /// <summary>When the next event is due; <see cref="long.MaxValue"/> when there is none.</summary>
    public long NextDueNs => _hasFirst ? _first.DueNs : _count > 0 ? _heap[0].DueNs : long.MaxValue;

    /// <summary>Adds an event after all others of its instant that are known.</summary>
    /// <param name="dueNs">When it happens.</param>
    /// <param name="added">The event.</param>
    /// <param name="isLast">After those of its instant that are yet to come, too: what comes from outside waits until the inside is
    /// done.</param>
    public void Add(long dueNs, SimulatedEvent added, bool isLast = false)
    {
        var key = new Key(dueNs, isLast ? _order++ | Outside : _order++, Keep(added));
        if (_hasFirst)
        {
            if (key.IsBefore(_first))
            {
                Push(_first);
                _first = key;
            }
            else
            {
                Push(key);
            }
        }
        else if (_count == 0 || key.IsBefore(_heap[0]))
        {
            _first = key;
            _hasFirst = true;
        }
        else
        {
            Push(key);
        }
    }

    public bool TryTake(long untilNs, out long dueNs, out SimulatedEvent taken)
    {
        if (NextDueNs > untilNs || (!_hasFirst && _count == 0))
        {
            (dueNs, taken) = (0, default);
            return false;
        }

        var key = _first;
        if (_hasFirst)
        {
            _hasFirst = false;
        }
        else
        {
            key = _heap[0];
            var last = _heap[--_count];
            if (_count > 0)
            {
                SiftDown(last);
            }
        }

        dueNs = key.DueNs;
        taken = _events[key.Place];
        _free.Push(key.Place);
        return true;
    }

    private int Keep(in SimulatedEvent added)
    {
        if (!_free.TryPop(out var place))
        {
            place = _used++;
            if (place == _events.Length)
            {
                Array.Resize(ref _events, place * 2);
            }
        }

        _events[place] = added;
        return place;
    }

    private void Push(in Key pushed)
    {
        if (_count == _heap.Length)
        {
            Array.Resize(ref _heap, _count * 2);
        }

        var at = _count++;
        while (at > 0)
        {
            var parent = (at - 1) >> 2;
            if (!pushed.IsBefore(_heap[parent]))
            {
                break;
            }

            _heap[at] = _heap[parent];
            at = parent;
        }

        _heap[at] = pushed;
    }

    private void SiftDown(in Key moved)
    {
        var at = 0;
        while (true)
        {
            var child = at * 4 + 1;
            if (child >= _count)
            {
                break;
            }

            var end = Math.Min(child + 4, _count);
            for (var other = child + 1; other < end; other++)
            {
                if (_heap[other].IsBefore(_heap[child]))
                {
                    child = other;
                }
            }

            if (!_heap[child].IsBefore(moved))
            {
                break;
            }

            _heap[at] = _heap[child];
            at = child;
        }

        _heap[at] = moved;
    }

    /// <param name="DueNs">When.</param>
    /// <param name="Order">Keeps events of one instant in the order they were made.</param>
    /// <param name="Place">Where the event itself stands.</param>
    private readonly record struct Key(long DueNs, long Order, int Place)
    {
        public bool IsBefore(in Key other) => DueNs < other.DueNs || (DueNs == other.DueNs && Order < other.Order);
    }
}
