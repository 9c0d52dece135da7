using Probe.Core.Linux.Sockets;
using Probe.Core.Linux;
using static Probe.Core.Linux.SocketConstants;

namespace Probe.Core.Wire;

/// <summary>
/// Which probe each running stamp number of a sending socket belongs to (SOF_TIMESTAMPING_OPT_ID counts every packet of the socket from 0).
/// Remembers only the last of them; a stamp that comes later than that is not attributed.
/// </summary>
/// <param name="remembered">How many at most; a power of two.</param>
internal sealed class StampNumbers(int remembered = 4096)
{
    private readonly Slot[] _ring = new Slot[remembered];
    private uint _next;

    /// <summary>Stamps still awaited.</summary>
    public int Outstanding { get; private set; }

    /// <summary>The kernel took a packet.</summary>
    public void Sent(int number, long beforeNs)
    {
        ref var slot = ref _ring[_next % (uint)_ring.Length];
        if (!slot.Waits)
        {
            Outstanding++;
        }

        slot = new Slot(_next++, number, beforeNs, Waits: true);
    }

    /// <summary>The kernel numbered a packet and dropped it: no stamp will come.</summary>
    public void Refused() => _next++;

    /// <summary>Lets the kernel count from 0 again; what is still awaited is given up.</summary>
    /// <param name="socket">The sending socket.</param>
    /// <param name="flags">Its SO_TIMESTAMPING flags.</param>
    public void Restart(FileDescriptor socket, int flags)
    {
        Array.Clear(_ring);
        (_next, Outstanding) = (0, 0);

        // Switching OPT_ID off and on sets the kernel's counter to 0 (sock_set_timestamping).
        SocketCalls.Set(socket, SOL_SOCKET, SO_TIMESTAMPING, flags & ~SOF_TIMESTAMPING_OPT_ID, nameof(SO_TIMESTAMPING));
        SocketCalls.Set(socket, SOL_SOCKET, SO_TIMESTAMPING, flags, nameof(SO_TIMESTAMPING));
    }

    /// <summary>Says which packet left when; false for a stamp that belongs to none or cannot be placed.</summary>
    /// <param name="stamp">A message of the socket's error queue.</param>
    /// <param name="clock">The run's clock.</param>
    /// <param name="number">The packet's number.</param>
    /// <param name="atNs">When it left.</param>
    public bool TryPlace(in QueuedError stamp, StampClock clock, out int number, out long atNs)
    {
        (number, atNs) = (0, 0);
        return stamp.Origin == SO_EE_ORIGIN_TIMESTAMPING
            && TryTake(stamp.Number, out number, out var beforeNs)
            && clock.TryConvert(stamp.RealtimeNs, out atNs)
            && atNs >= beforeNs - StampClock.ToleranceNs;
    }

    /// <summary>Finds and forgets the packet that a stamp belongs to.</summary>
    public bool TryTake(uint id, out int number, out long beforeNs)
    {
        ref var slot = ref _ring[id % (uint)_ring.Length];
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
