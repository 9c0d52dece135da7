using System.Numerics;
using Probe.Core.Packets;

namespace Probe.Core.Health;

/// <summary>A check whose SYN is a packet of ours.</summary>
internal struct RawSlot
{
    /// <summary>What its sequence number decodes to; differs between all uses of all slots. 0 while the slot is free.</summary>
    public int Number;

    /// <summary>Index of the target in the run.</summary>
    public int Target;

    /// <summary>Number of the check of this target.</summary>
    public int Attempt;

    /// <summary>Where it goes.</summary>
    public IpAddress Address;

    /// <summary>Where it goes.</summary>
    public ushort Port;

    /// <summary>Where it comes from.</summary>
    public ushort LocalPort;

    /// <summary>Where it comes from.</summary>
    public IpAddress Source;

    /// <summary>What it wears outside, with all sources; empty for nothing.</summary>
    public EncapsulationStack Via;

    /// <summary>Its number still, when it is over and the slot is not used again.</summary>
    public int LastNumber;

    /// <summary>When it was begun.</summary>
    public long StartedNs;

    /// <summary>When its first SYN left; 0 before.</summary>
    public long SentNs;

    /// <summary>An answer that arrives later is none.</summary>
    public long DeadlineNs;

    /// <summary>How long its answer may take.</summary>
    public long TimeoutNs;

    /// <summary>SYNs sent again.</summary>
    public int Retransmits;

    /// <summary>The target still holds an older connection of these ports, which is reset by now: its SYN goes again at once.</summary>
    public bool MetStale;

    /// <summary>The next free slot, while this one is free.</summary>
    public int NextFree;
}

/// <summary>
/// Places for checks in flight, made once. A check's number is its place and how often that was used: an answer finds its check without a search,
/// and none finds one that is over.
/// </summary>
internal sealed class RawSlots
{
    private readonly RawSlot[] _slots;
    private readonly uint[] _uses;
    private readonly int _bits;
    private int _free;

    public RawSlots(int capacity)
    {
        _slots = new RawSlot[capacity];
        _uses = new uint[capacity];
        _bits = BitOperations.Log2((uint)capacity) + 1;
        for (var i = 0; i < capacity; i++)
        {
            _slots[i].NextFree = i + 1;
        }
    }

    /// <summary>Slots in use.</summary>
    public int Used { get; private set; }

    public int Capacity => _slots.Length;

    public ref RawSlot this[int slot] => ref _slots[slot];

    /// <summary>Takes a free slot, with a number of its own; there must be one.</summary>
    public int Take()
    {
        var slot = _free;
        _free = _slots[slot].NextFree;

        // Positive, so never 0: the sign bit stays out, and a use counts from 1 when it comes round.
        var most = (1u << 31 - _bits) - 1;
        _uses[slot] = _uses[slot] == most ? 1 : _uses[slot] + 1;
        _slots[slot] = new RawSlot { Number = (int)(_uses[slot] << _bits) | slot };
        Used++;
        return slot;
    }

    /// <summary>Gives a slot back; what comes for it means nothing from now on.</summary>
    public void Release(int slot)
    {
        _slots[slot].LastNumber = _slots[slot].Number;
        _slots[slot].Number = 0;
        _slots[slot].NextFree = _free;
        _free = slot;
        Used--;
    }

    /// <summary>The slot of a check that is over, as long as no other has taken its place.</summary>
    public bool TryFindOver(int number, out int slot)
    {
        slot = number & ((1 << _bits) - 1);
        return number > 0 && slot < _slots.Length && _slots[slot].Number == 0 && _slots[slot].LastNumber == number;
    }

    /// <summary>The slot of a number; false when its check is over, or never was.</summary>
    public bool TryFind(int number, out int slot)
    {
        slot = number & ((1 << _bits) - 1);
        return number > 0 && slot < _slots.Length && _slots[slot].Number == number;
    }
}
