namespace Probe.Core.Health;

/// <summary>A check in flight.</summary>
internal struct CheckSlot
{
    /// <summary>Its socket.</summary>
    public int Descriptor;

    /// <summary>Counts the slot's uses; goes with its events.</summary>
    public uint Generation;

    /// <summary>Index of the target in the run.</summary>
    public int Target;

    /// <summary>Number of the check of this target.</summary>
    public int Attempt;

    /// <summary>When it was begun.</summary>
    public long StartedNs;

    /// <summary>How long its answer may take.</summary>
    public long TimeoutNs;

    /// <summary>Half-open, or the ACK of the handshake may go.</summary>
    public bool HalfOpen;

    /// <summary>The next free slot, while this one is free.</summary>
    public int NextFree;
}

/// <summary>
/// Places for checks in flight, made once. An event names a slot and its generation, never a descriptor: numbers are used again at once,
/// and an event of a closed socket can still come (a child process between fork and exec holds it open). So no check gets another one's
/// answer.
/// </summary>
internal sealed class CheckSlots
{
    private readonly CheckSlot[] _slots;
    private int _free;

    public CheckSlots(int capacity)
    {
        _slots = new CheckSlot[capacity];
        for (var i = 0; i < capacity; i++)
        {
            _slots[i].NextFree = i + 1;
        }
    }

    /// <summary>Slots in use.</summary>
    public int Used { get; private set; }

    public ref CheckSlot this[int slot] => ref _slots[slot];

    /// <summary>Takes a free slot; there must be one.</summary>
    public int Take()
    {
        var slot = _free;
        _free = _slots[slot].NextFree;
        Used++;
        return slot;
    }

    /// <summary>Gives a slot back; its events mean nothing from now on.</summary>
    public void Release(int slot)
    {
        ref var released = ref _slots[slot];
        released.Generation++;
        released.NextFree = _free;
        released.Descriptor = 0;
        _free = slot;
        Used--;
    }

    /// <summary>What an event of a slot carries.</summary>
    public ulong Tag(int slot) => (ulong)_slots[slot].Generation << 32 | (uint)slot;

    /// <summary>The slot that an event is about; false when its check is over.</summary>
    public bool TryFind(ulong tag, out int slot)
    {
        slot = (int)(uint)tag;
        return slot < _slots.Length && _slots[slot].Generation == (uint)(tag >> 32) && _slots[slot].Descriptor != 0;
    }
}
