namespace Probe.Core.Linux;

/// <summary>
/// Which probe each running stamp number of a sending socket belongs to (SOF_TIMESTAMPING_OPT_ID counts every packet of the socket from 0).
/// Remembers the last few thousand; a stamp that comes later than that is not attributed.
/// </summary>
internal sealed class StampNumbers
{
    private const int RingSize = 4096;

    private readonly Slot[] _ring = new Slot[RingSize];
    private uint _next;

    /// <summary>Stamps still awaited.</summary>
    public int Outstanding { get; private set; }

    /// <summary>The kernel took a packet.</summary>
    public void Sent(int number, long beforeNs)
    {
        ref var slot = ref _ring[_next % RingSize];
        if (!slot.Waits)
        {
            Outstanding++;
        }

        slot = new Slot(_next++, number, beforeNs, Waits: true);
    }

    /// <summary>The kernel numbered a packet and dropped it: no stamp will come.</summary>
    public void Refused() => _next++;

    /// <summary>The kernel counts from 0 again; what is still awaited is given up.</summary>
    public void Restart()
    {
        Array.Clear(_ring);
        (_next, Outstanding) = (0, 0);
    }

    /// <summary>Finds and forgets the packet that a stamp belongs to.</summary>
    public bool TryTake(uint id, out int number, out long beforeNs)
    {
        ref var slot = ref _ring[id % RingSize];
        (number, beforeNs) = (slot.Number, slot.BeforeNs);
        if (!slot.Waits || slot.Id != id)
        {
            return false;
        }

        slot = slot with { Waits = false };
        Outstanding--;
        return true;
    }

    private readonly record struct Slot(uint Id, int Number, long BeforeNs, bool Waits);
}
