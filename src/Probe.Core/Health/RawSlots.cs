using System.Numerics;
using System.Runtime.CompilerServices;
using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;
using Probe.Core.Wire;

namespace Probe.Core.Health;

/// <summary>A check by a packet of ours.</summary>
internal struct RawSlot
{
    /// <summary>
    /// What is sent, with all sources in it; its number is what answers decode to, and differs between all uses of all slots.
    /// </summary>
    public ProbePacket Packet;

    /// <summary>The check is under way.</summary>
    public bool InUse;

    /// <summary>What is asked, and which answer is expected.</summary>
    public CheckQuestion Question;

    /// <summary>Index of the target in the run.</summary>
    public int Target;

    /// <summary>Number of the check of this target.</summary>
    public int Attempt;

    /// <summary>When it was begun.</summary>
    public long StartedNs;

    /// <summary>When its first packet left; 0 before.</summary>
    public long SentNs;

    /// <summary>An answer that arrives later is none.</summary>
    public long DeadlineNs;

    /// <summary>How long its answer may take.</summary>
    public long TimeoutNs;

    /// <summary>Packets sent again.</summary>
    public int Retransmits;

    /// <summary>The target still holds an older connection of these ports, which is reset by now: its SYN goes again at once.</summary>
    public bool MetStale;

    /// <summary>The next free slot, while this one is free; else the next of the same tag's place.</summary>
    public int Next;

    /// <summary>The one before of the same tag's place; −1 for none.</summary>
    public int Before;
}

/// <summary>
/// Places for checks in flight, made once. A check's number is its place and how often that was used: an answer finds its check without a
/// search, and none finds one that is over; one that is over is still known as long as no other has taken its place.
/// </summary>
internal sealed class RawSlots : ProbesUnderWay
{
    private const int None = -1;
    private const int TagPlaces = 1024;

    private readonly RawSlot[] _slots;
    private readonly uint[] _uses;
    private readonly int[] _byTag = new int[TagPlaces];
    private readonly Dictionary<(IpAddress Target, ushort Port, ushort LocalPort), int> _datagrams = [];
    private readonly int _bits;
    private int _free;

    public RawSlots(int capacity)
    {
        _slots = new RawSlot[capacity];
        _uses = new uint[capacity];
        _byTag.AsSpan().Fill(None);
        _bits = BitOperations.Log2((uint)capacity) + 1;
        for (var i = 0; i < capacity; i++)
        {
            _slots[i].Next = i + 1;
        }
    }

    /// <summary>Slots in use.</summary>
    public int Used { get; private set; }

    public int Capacity => _slots.Length;

    /// <inheritdoc/>
    public override int Newest => 0;

    public ref RawSlot this[int slot] => ref _slots[slot];

    /// <summary>Takes a free slot, with a number of its own for the packet; there must be one.</summary>
    public int Take(out int number)
    {
        var slot = _free;
        _free = _slots[slot].Next;

        // Positive, so never 0: the sign bit stays out, and a use counts from 1 when it comes round.
        var most = (1u << 31 - _bits) - 1;
        _uses[slot] = _uses[slot] == most ? 1 : _uses[slot] + 1;
        number = (int)(_uses[slot] << _bits) | slot;
        ref var first = ref _byTag[TagPlace(number)];
        _slots[slot] = new RawSlot { InUse = true, Next = first, Before = None };
        if (first != None)
        {
            _slots[first].Before = slot;
        }

        first = slot;
        Used++;
        return slot;
    }

    /// <summary>
    /// Says what a taken slot sends. Datagrams are known by their ends alone: of those under way no two may have the same
    /// (<see cref="BetweenEnds"/>).
    /// </summary>
    public void Send(int slot, in ProbePacket packet)
    {
        _slots[slot].Packet = packet;
        if (packet.Protocol == ProbeProtocol.Udp)
        {
            _datagrams.Add(EndsOf(packet), packet.Number);
        }
    }

    /// <summary>Gives a slot back; what comes for it means nothing from now on.</summary>
    public void Release(int slot)
    {
        ref var released = ref _slots[slot];
        if (released.Packet.Protocol == ProbeProtocol.Udp)
        {
            _datagrams.Remove(EndsOf(released.Packet));
        }

        if (released.Next != None)
        {
            _slots[released.Next].Before = released.Before;
        }

        if (released.Before != None)
        {
            _slots[released.Before].Next = released.Next;
        }
        else
        {
            _byTag[TagPlace(NumberIn(slot))] = released.Next;
        }

        released.InUse = false;
        released.Next = _free;
        _free = slot;
        Used--;
    }

    /// <summary>The slot of a number; false when its check is over, or never was.</summary>
    public bool TryFind(int number, out int slot) => TryFindAlsoOver(number, out slot) && _slots[slot].InUse;

    /// <summary>The slot of a number whose check is under way, or over and no other has taken its place.</summary>
    public bool TryFindAlsoOver(int number, out int slot)
    {
        slot = number & ((1 << _bits) - 1);
        return number > 0 && slot < _slots.Length && _slots[slot].Packet.Number == number;
    }

    /// <inheritdoc/>
    public override ref readonly ProbePacket Probe(int number)
    {
        if (TryFindAlsoOver(number, out var slot))
        {
            return ref _slots[slot].Packet;
        }

        return ref Unsafe.NullRef<ProbePacket>();
    }

    /// <inheritdoc/>
    public override bool IsAnswered(int number) => !TryFind(number, out _);

    /// <inheritdoc/>
    public override int FirstWithResidue(int residue) => residue < 0 ? 0 : WithResidue(residue, _byTag[residue & (TagPlaces - 1)]);

    /// <inheritdoc/>
    public override int NextWithResidue(int number) =>
        TryFind(number, out var slot) ? WithResidue(number % ProbeCookies.TagCycle, _slots[slot].Next) : 0;

    /// <inheritdoc/>
    public override int BetweenEnds(IpAddress target, ushort targetPort, ushort localPort) =>
        _datagrams.GetValueOrDefault((target, targetPort, localPort));

    private static (IpAddress Target, ushort Port, ushort LocalPort) EndsOf(in ProbePacket packet) =>
        (packet.Target, packet.Flow.DestinationPort, packet.Flow.SourcePort);

    private static int TagPlace(int number) => number % ProbeCookies.TagCycle & (TagPlaces - 1);

    private int NumberIn(int slot) => (int)(_uses[slot] << _bits) | slot;

    private int WithResidue(int residue, int slot)
    {
        for (; slot != None; slot = _slots[slot].Next)
        {
            if (_slots[slot].Packet.Number % ProbeCookies.TagCycle == residue)
            {
                return _slots[slot].Packet.Number;
            }
        }

        return 0;
    }
}
