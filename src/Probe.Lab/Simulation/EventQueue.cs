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

/// <summary>One event; <see cref="Order"/> keeps those of one instant in the order they were made.</summary>
internal readonly struct SimulatedEvent
{
    public long DueNs { get; init; }
    public long Order { get; init; }
    public EventKind Kind { get; init; }

    /// <summary>Index of the node, or of the noise source.</summary>
    public int Place { get; init; }

    /// <summary>Channel of an arrival.</summary>
    public Channel? Channel { get; init; }

    public SimulatedPacket? Packet { get; init; }

    /// <summary>What a timer is for.</summary>
    public object? State { get; init; }

    public bool IsBefore(in SimulatedEvent other) => DueNs < other.DueNs || (DueNs == other.DueNs && Order < other.Order);
}

/// <summary>
/// Events by time: a heap of four children a node, and in front of it one slot for the earliest event, because a packet's next hop is
/// nearly always what happens next.
/// </summary>
internal sealed class EventQueue
{
    private SimulatedEvent[] _heap = new SimulatedEvent[64];
    private int _count;
    private SimulatedEvent _first;
    private bool _hasFirst;
    private long _order;

    public bool IsEmpty => !_hasFirst && _count == 0;

    /// <summary>When the next event is due; <see cref="long.MaxValue"/> when there is none.</summary>
    public long NextDueNs => _hasFirst ? _first.DueNs : _count > 0 ? _heap[0].DueNs : long.MaxValue;

    public void Add(in SimulatedEvent added)
    {
        var next = new SimulatedEvent
        {
            DueNs = added.DueNs,
            Order = _order++,
            Kind = added.Kind,
            Place = added.Place,
            Channel = added.Channel,
            Packet = added.Packet,
            State = added.State,
        };
        if (_hasFirst)
        {
            if (next.IsBefore(_first))
            {
                Push(_first);
                _first = next;
            }
            else
            {
                Push(next);
            }
        }
        else if (_count == 0 || next.IsBefore(_heap[0]))
        {
            _first = next;
            _hasFirst = true;
        }
        else
        {
            Push(next);
        }
    }

    public bool TryTake(long untilNs, out SimulatedEvent taken)
    {
        if (_hasFirst)
        {
            if (_first.DueNs > untilNs)
            {
                taken = default;
                return false;
            }

            taken = _first;
            _first = default;
            _hasFirst = false;
            return true;
        }

        if (_count == 0 || _heap[0].DueNs > untilNs)
        {
            taken = default;
            return false;
        }

        taken = _heap[0];
        var last = _heap[--_count];
        _heap[_count] = default;
        if (_count > 0)
        {
            SiftDown(last);
        }

        return true;
    }

    private void Push(in SimulatedEvent pushed)
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

    private void SiftDown(in SimulatedEvent moved)
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
}
