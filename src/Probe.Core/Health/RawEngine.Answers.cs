using Probe.Core.Linux;
using Probe.Core.Packets;
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
        switch (packet.Protocol)
        {
            case IpProtocol.Tcp when TcpHeader.TryRead(packet.Payload, out var tcp):
                ArrivedTcp(packet, tcp);
                break;
            case IpProtocol.Icmp or IpProtocol.IcmpV6:
                ArrivedIcmp(packet);
                break;
        }
    }

    private void ArrivedTcp(in ArrivedPacket packet, in TcpHeader tcp)
    {
        // A reset without an acknowledgment number proves nothing: the kernel's own connections ignore it too (RFC 9293 3.10.7.3).
        var kind = tcp.Flags & (TcpFlags.Syn | TcpFlags.Ack | TcpFlags.Rst);
        CheckEnd? end = kind switch
        {
            TcpFlags.Syn | TcpFlags.Ack => CheckEnd.Answered,
            TcpFlags.Rst | TcpFlags.Ack => CheckEnd.Refused,
            _ => null,
        };
        var number = _cookies.NumberOfTcpSequence(tcp.Acknowledgment - 1);
        if (end is { } ended && _slots.TryFind(number, out var index))
        {
            ref var slot = ref _slots[index];
            if (!IsBetween(ref slot, packet, tcp))
            {
                return;
            }

            if (ended == CheckEnd.Answered)
            {
                ResetThroughTunnel(ref slot, tcp.Acknowledgment);
            }

            if (InTime(ref slot, packet))
            {
                var outcome = Outcome(ref slot, ended) with { RttNs = Rtt(ref slot, packet), Errno = ended == CheckEnd.Refused ? Errno.ECONNREFUSED : 0 };
                Answered(index, ended == CheckEnd.Answered ? outcome with { ConnectNs = outcome.RttNs } : outcome);
            }
        }
        else if (end == CheckEnd.Answered && _slots.TryFindOver(number, out var over) && IsBetween(ref _slots[over], packet, tcp))
        {
            // It came too late, or the reset was lost and the server says it again.
            ResetThroughTunnel(ref _slots[over], tcp.Acknowledgment);
        }
        else if (kind == TcpFlags.Ack)
        {
            MeetStale(packet, tcp);
        }
    }

    /// <summary>
    /// The target still holds an older half-open connection of the same ports, whose reset was lost, and acknowledges that one instead (RFC 5961 4.2).
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
            if (slot.Number != 0 && slot.SentNs != 0 && slot is { MetStale: false, Retransmits: < MostSentAgain } && IsBetween(ref slot, packet, tcp))
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

    private void ArrivedIcmp(in ArrivedPacket packet)
    {
        var isV6 = packet.Protocol == IpProtocol.IcmpV6;
        if (isV6 != packet.Source.IsV6
            || !IcmpMessage.TryRead(packet.Payload, isV6, out var message)
            || !message.IsError
            || !EndsCheck(isV6, message)
            || !(packet.Cut || message.ChecksumValid(packet.Source, packet.Destination))
            || !QuoteStack.TryRead(message.Quote, out var quote)
            || !(TryFindQuoted(quote.Innermost, out var index) || TryFindOutside(quote.Outermost, out index)))
        {
            return;
        }

        ref var slot = ref _slots[index];
        if (InTime(ref slot, packet))
        {
            Answered(index, Outcome(ref slot, CheckEnd.IcmpError) with
            {
                RttNs = Rtt(ref slot, packet),
                Errno = IcmpErrno.Of(isV6, message.Type, message.Code),
                IcmpType = message.Type,
                IcmpCode = message.Code,
                IcmpFrom = packet.Source,
            });
        }
    }

    private bool TryFindQuoted(in IpPacket quoted, out int index)
    {
        index = -1;
        if (quoted.Protocol != IpProtocol.Tcp || quoted.FragmentOffset != 0
            || !QuotedTransport.TryRead(quoted.Payload, IpProtocol.Tcp, out var tcp)
            || !_slots.TryFind(_cookies.NumberOfTcpSequence(tcp.Sequence), out index))
        {
            return false;
        }

        // A NAT on the way may have rewritten one end, not both.
        ref var slot = ref _slots[index];
        return (quoted.Destination == slot.Address && tcp.DestinationPort == slot.Port) || (quoted.Source == slot.Source && tcp.SourcePort == slot.LocalPort);
    }

    /// <summary>Errors that say the SYN went no further; one about its size, or a hint about the route, is none.</summary>
    private static bool EndsCheck(bool isV6, in IcmpMessage message) => ReplyKinds.OfError(isV6, message.Type, message.Code)
        is not (null or ReplyKind.FragmentationNeeded or ReplyKind.PacketTooBig or ReplyKind.SourceQuench);

    private void Answered(int index, in CheckOutcome outcome)
    {
        _timers.Remove(index);
        End(index, in outcome);
    }

    private static bool IsBetween(ref RawSlot slot, in ArrivedPacket packet, in TcpHeader tcp) =>
        slot.Port == tcp.SourcePort && slot.LocalPort == tcp.DestinationPort && slot.Address == packet.Source
        && (!packet.OnLink || slot.Source == packet.Destination);

    /// <summary>Whatever this process did meanwhile: when the kernel received it decides. Without its stamp nobody knows, and the target has the benefit.</summary>
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
