using Probe.Core.Linux.Sockets;
using Probe.Core.Linux;
using Probe.Core.Packets;

namespace Probe.Core.Health;

/// <content>How a check ended.</content>
public sealed partial class SocketEngine
{
    // The kernel sends a delayed ACK after 200 ms at the latest (TCP_DELACK_MAX); its clock ticks in up to 10 ms.
    private const long AckMayEscapeNs = 190_000_000;

    /// <summary>Reads how a check stands, closes its socket at once, and only then says so. One that still waits, goes on.</summary>
    private void Settle(int index, bool overdue)
    {
        ref var slot = ref _slots[index];
        var seen = Clock.Monotonic;
        var tcp = TcpProbeSocket.Read(slot.Descriptor);
        var (end, errno, icmp, from) = Ending(ref slot, in tcp, overdue);
        if (end is not { } ended)
        {
            return;
        }

        TcpProbeSocket.Close(slot.Descriptor);
        var heldNs = ended == CheckEnd.Answered ? tcp.SinceAnswerNs : 0;
        var outcome = Outcome(ref slot, ended) with
        {
            Errno = errno,
            IcmpType = icmp.ee_type,
            IcmpCode = icmp.ee_code,
            IcmpFrom = from,
            SynRetransmits = tcp.Retransmits,
            RttNs = Rtt(ref slot, in tcp, ended, seen, heldNs),
            AckEscaped = slot.HalfOpen && MayHaveEscaped(in tcp, ended, heldNs + Clock.Monotonic - seen),
        };
        outcome = outcome with { ConnectNs = ended == CheckEnd.Answered ? outcome.RttNs : -1 };
        if (!overdue)
        {
            _timers.Remove(index);
        }

        _slots.Release(index);
        _over.Add(in outcome);
    }

    private (CheckEnd? End, int Errno, sock_extended_err Icmp, IpAddress From) Ending(ref CheckSlot slot, in TcpReading tcp, bool overdue)
    {
        if (tcp.IsConnected)
        {
            // More than the SYN has left: an ACK, or a SYN-ACK to ourselves.
            return tcp.HasAcknowledged && TcpProbeSocket.IsItsOwnPeer(slot.Descriptor)
                ? (CheckEnd.Refused, Errno.ECONNREFUSED, default, default)
                : (CheckEnd.Answered, 0, default, default);
        }

        // The queue before the error: an ICMP error that came while connect(2) had the socket locked is only in the queue.
        if (TcpProbeSocket.TryTakeIcmp(slot.Descriptor, out var icmp, out var from))
        {
            return (CheckEnd.IcmpError, (int)icmp.ee_errno, icmp, from);
        }

        var errno = TcpProbeSocket.TakeError(slot.Descriptor);
        return errno switch
        {
            0 when !overdue => (null, 0, default, default),
            0 or Errno.ETIMEDOUT =>
                (_holdUps.Excuse(slot.StartedNs, slot.TimeoutNs) ? CheckEnd.Late : CheckEnd.TimedOut, 0, default, default),
            Errno.ECONNREFUSED => (CheckEnd.Refused, errno, default, default),

            // Only an established connection can be reset: the SYN-ACK had come.
            Errno.ECONNRESET or Errno.EPIPE => (CheckEnd.Answered, 0, default, default),
            _ => (CheckEnd.Failed, errno, default, default),
        };
    }

    /// <summary>
    /// The kernel's own measure where it has one: from the SYN to the SYN-ACK, without the time that the event waited for this loop.
    /// </summary>
    private static long Rtt(ref CheckSlot slot, in TcpReading tcp, CheckEnd end, long seen, long heldNs) => end switch
    {
        CheckEnd.Answered when tcp.RttNs > 0 => tcp.RttNs,
        CheckEnd.Answered or CheckEnd.Refused or CheckEnd.IcmpError => Math.Max(seen - slot.StartedNs - heldNs, 0),
        _ => -1,
    };

    /// <summary>An ACK has left, or the time for one came between the last look and the close.</summary>
    private static bool MayHaveEscaped(in TcpReading tcp, CheckEnd end, long heldNs) => end switch
    {
        CheckEnd.Answered => tcp.HasAcknowledged || heldNs >= AckMayEscapeNs,
        CheckEnd.TimedOut or CheckEnd.Late => heldNs >= AckMayEscapeNs,
        _ => false,
    };

    private static CheckOutcome Outcome(ref CheckSlot slot, CheckEnd end) =>
        CheckOutcome.Of(slot.Target, slot.Attempt, end, slot.StartedNs);
}
