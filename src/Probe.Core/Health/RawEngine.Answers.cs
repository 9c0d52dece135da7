using System.Diagnostics;
using Probe.Core.Linux;
using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;
using Probe.Core.Wire;

namespace Probe.Core.Health;

/// <content>What arrives.</content>
public sealed partial class RawEngine
{
    // A search looks at every check in flight, and anybody could cause them: so many in so long.
    private const int MostSearches = 64;
    private const long SearchSpanNs = 10_000_000;

    // A target that goes on about older connections for longer is not to draw a SYN for each of its segments.
    private const int MostSentAgain = 5;

    private void Arrived(in ArrivedPacket packet)
    {
        if (_reader.TryRead(packet, out var match, out var reading))
        {
            if (_slots.TryFindAlsoOver(match.Number, out var index))
            {
                Answered(index, packet, reading);
            }
        }
        else if (packet.Protocol == IpProtocol.Tcp && TcpHeader.TryRead(packet.Payload, out var tcp)
            && (tcp.Flags & (TcpFlags.Syn | TcpFlags.Ack | TcpFlags.Rst)) == TcpFlags.Ack)
        {
            MeetStale(packet, tcp);
        }
    }

    private void Answered(int index, in ArrivedPacket packet, in PacketReading reading)
    {
        ref var slot = ref _slots[index];
        var end = reading.Kind switch
        {
            ReplyKind.SynAck or ReplyKind.EchoReply => CheckEnd.Answered,
            ReplyKind.Reset => CheckEnd.Refused,
            ReplyKind.UdpReply => UdpHeader.TryRead(packet.Payload, out var udp) && slot.Question.IsAnsweredBy(udp.Payload)
                ? CheckEnd.Answered : CheckEnd.Mismatch,
            _ when ReplyKinds.IsIcmpError(reading.Kind) => CheckEnd.IcmpError,
            _ => throw new UnreachableException($"{reading.Kind} answers no check by packets"),
        };
        if (end == CheckEnd.IcmpError ? !EndsCheck(slot.Packet, reading) : !IsBetween(ref slot, packet))
        {
            return;
        }

        if (reading.Kind == ReplyKind.SynAck && TcpHeader.TryRead(packet.Payload, out var tcp))
        {
            // Of a check that is over, too: it came too late, or the reset was lost and the server says it again.
            ResetThroughTunnel(ref slot, tcp.Acknowledgment);
        }

        if (!slot.InUse || !InTime(ref slot, packet))
        {
            return;
        }

        var rtt = Rtt(ref slot, packet);
        var outcome = Outcome(ref slot, end) with
        {
            RttNs = rtt,
            ConnectNs = end is CheckEnd.Answered or CheckEnd.Mismatch ? rtt : -1,
            Errno = end == CheckEnd.Refused ? Errno.ECONNREFUSED : 0,
        };
        _timers.Remove(index);
        End(index, end != CheckEnd.IcmpError ? outcome : outcome with
        {
            Errno = IcmpErrno.Of(packet.Protocol == IpProtocol.IcmpV6, reading.Type, reading.Code),
            IcmpType = reading.Type,
            IcmpCode = reading.Code,
            IcmpFrom = packet.Source,
        });
    }

    /// <summary>
    /// The target still holds an older half-open connection of the same ports, whose reset was lost, and acknowledges that one instead (RFC
    /// 5961 4.2).
    /// The kernel has reset it by now; our SYN goes again.
    /// </summary>
    private void MeetStale(in ArrivedPacket packet, in TcpHeader tcp)
    {
        if (!MaySearch())
        {
            return;
        }

        for (var index = 0; index < _slots.Capacity; index++)
        {
            ref var slot = ref _slots[index];
            if (slot is { InUse: true, MetStale: false, Retransmits: < MostSentAgain } && slot.SentNs != 0
                && slot.Packet.Protocol == ProbeProtocol.Tcp && IsBetween(ref slot, packet) && HasPorts(slot.Packet.Flow, tcp))
            {
                // In plain checks the kernel resets the older connection.
                ResetThroughTunnel(ref slot, tcp.Acknowledgment);
                slot.MetStale = true;
                _timers.Remove(index);
                _timers.Add(index, long.MinValue);
            }
        }
    }

    private bool MaySearch()
    {
        if (NowNs is var now && now - _searchSpanNs > SearchSpanNs)
        {
            (_searchSpanNs, _searches) = (now, 0);
        }

        return ++_searches <= MostSearches;
    }

    /// <summary>
    /// Errors that say the packet went no further. A hint about the route is none, nor is a word about the size of a SYN: no link is too
    /// small for it.
    /// </summary>
    private static bool EndsCheck(in ProbePacket packet, in PacketReading reading) => !reading.Redirect && reading.Kind switch
    {
        ReplyKind.FragmentationNeeded or ReplyKind.PacketTooBig => packet.Protocol == ProbeProtocol.Udp && !reading.Implausible,
        ReplyKind.SourceQuench => false,
        _ => true,
    };

    // Nobody else answers in a target's name, and an answer on the link is for us only when it is sent to us.
    private static bool IsBetween(ref RawSlot slot, in ArrivedPacket packet) =>
        slot.Packet.Target == packet.Source && (!packet.OnLink || slot.Packet.Source == packet.Destination);

    private static bool HasPorts(Flow flow, in TcpHeader tcp) =>
        flow.DestinationPort == tcp.SourcePort && flow.SourcePort == tcp.DestinationPort;

    /// <summary>
    /// Whatever this process did meanwhile: when the kernel received it decides. Without its stamp nobody knows, and the target has the
    /// benefit.
    /// </summary>
    private bool InTime(ref RawSlot slot, in ArrivedPacket packet) =>
        slot.SentNs != 0 && (packet.Stamp == StampSource.User || _zeroNs + packet.AtNs <= slot.DeadlineNs);

    private long Rtt(ref RawSlot slot, in ArrivedPacket packet) => Math.Max(_zeroNs + packet.AtNs - slot.SentNs, 0);

    private void Left(int number, long atNs)
    {
        if (_slots.TryFind(number, out var index))
        {
            ref var slot = ref _slots[index];
            if (slot.SentNs != 0 && slot.Retransmits == 0)
            {
                (slot.SentNs, slot.DeadlineNs) = (_zeroNs + atNs, _zeroNs + atNs + slot.TimeoutNs);
            }
        }
    }

    private sealed class Answers(RawEngine engine) : IPacketSink
    {
        public void Arrived(in ArrivedPacket packet) => engine.Arrived(packet);

        public void Transmitted(int number, long atNs) => engine.Left(number, atNs);
    }
}
