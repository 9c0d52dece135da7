using System.Numerics;
using System.Runtime.CompilerServices;
using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;

namespace Probe.Core.Wire;

/// <summary>The probe that an arrived packet is about.</summary>
/// <param name="Number">Number of the probe it answers.</param>
/// <param name="Nat">Quoted fields that a NAT rewrote.</param>
/// <param name="Ambiguous">See <see cref="Reply.Ambiguous"/>.</param>
/// <param name="Layer">See <see cref="Reply.Layer"/>.</param>
internal readonly record struct FoundProbe(int Number, RewrittenFields Nat = RewrittenFields.None, bool Ambiguous = false, int Layer = 0);

/// <summary>
/// Says whose an arrived packet is, which probe it answers, from no more than the quoted IP header and the eight octets after it;
/// where more is quoted, more is checked. A keyed field (sequence, checksum, IPv4 identification) must prove the probe;
/// what a NAT rewrote on the way is told, not held against the rest.
/// </summary>
internal sealed partial class ProbeFinder
{
    private const int LongestAmbiguousSearch = 4096;
    private const int LongestTranslationSearch = 256;
    private const int LongestPayloadSearch = 512;

    private const RewrittenFields Tuple = RewrittenFields.Source | RewrittenFields.Destination
        | RewrittenFields.SourcePort | RewrittenFields.DestinationPort;

    private readonly ProbeCookies _cookies;
    private readonly ProbesUnderWay _probes;

    public ProbeFinder(ProbeCookies cookies, ProbesUnderWay probes)
    {
        _cookies = cookies;
        _probes = probes;
    }

    private bool TryFindByQuote(in QuoteStack quote, out FoundProbe match)
    {
        match = default;
        var inner = quote.Innermost;
        if (inner.FragmentOffset != 0 || !QuotedTransport.TryRead(inner.Payload, inner.Protocol, out var transport))
        {
            return false;
        }

        if (inner.Protocol == IpProtocol.Tcp)
        {
            return TryFindByQuotedTcp(quote, transport, out match);
        }

        if (inner.Protocol is not (IpProtocol.Udp or IpProtocol.Icmp or IpProtocol.IcmpV6))
        {
            return false;
        }

        var isUdp = inner.Protocol == IpProtocol.Udp;
        if (isUdp && TryFindBetweenEnds(inner, transport, out match))
        {
            return true;
        }

        // Either keyed field names a residue; the probes behind both are tried, the newest first.
        var byField = isUdp
            ? _cookies.ResidueOfUdpChecksum(transport.Checksum) : _cookies.ResidueOfIcmpSequence((ushort)transport.Sequence);
        var byId = quote.Outermost.IsV6 ? -1 : _cookies.ResidueOfIpId(quote.Outermost.Id);
        return TryCandidates(byField, quote, transport, out match)
            || (byId != byField && TryCandidates(byId, quote, transport, out match))
            || (isUdp && TryRewrittenChecksum(quote, transport, out match));
    }

    /// <summary>Matches an echo reply.</summary>
    public bool TryFindByEcho(in ArrivedPacket packet, in IcmpMessage echo, out FoundProbe match)
    {
        match = default;
        var hasCookie = ProbeWriter.TryReadPayloadCookie(echo.Body, out var cookie);
        var number = _probes.FirstWithResidue(_cookies.ResidueOfIcmpSequence(echo.Sequence));
        for (; number > 0; number = _probes.NextWithResidue(number))
        {
            ref readonly var probe = ref _probes.Probe(number);
            if (Unsafe.IsNullRef(in probe))
            {
                return false;
            }

            var cookieFits = hasCookie ? cookie == _cookies.Payload(number) : probe.Target == packet.Source;
            if (cookieFits && IsForUs(packet, probe) && probe.Protocol == ProbeProtocol.Icmp && probe.Flow.SourcePort == echo.Identifier
                && probe.Target.IsV6 == echo.IsV6)
            {
                match = new FoundProbe(number);
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Matches a TCP segment: a SYN-ACK or a reset that acknowledges our sequence number, or the reset that answers an ACK of ours, whose
    /// own sequence number is what we acknowledged (RFC 9293 section 3.10.7.1).
    /// </summary>
    public bool TryFindByTcp(in TcpHeader tcp, out FoundProbe match)
    {
        var acknowledges = (tcp.Flags & TcpFlags.Ack) != 0;
        match = new FoundProbe(_cookies.NumberOfTcpSequence(acknowledges ? tcp.Acknowledgment - 1 : tcp.Sequence));
        ref readonly var probe = ref _probes.Probe(match.Number);
        if (!Unsafe.IsNullRef(in probe) && Fits(probe, tcp) && probe.Segment == (acknowledges ? TcpSegmentKind.Syn : TcpSegmentKind.Ack))
        {
            return acknowledges || (tcp.Flags & TcpFlags.Rst) != 0;
        }

        return acknowledges && TryFindByPayload(tcp, out match);
    }

    /// <summary>
    /// Matches a reset to our SYN's answer, the kernel's own or ours: it carries the number after the SYN's, and the payload's where that
    /// was taken.
    /// </summary>
    public bool TryFindByOwnReset(IpAddress destination, in TcpHeader tcp, out int number)
    {
        number = _cookies.NumberOfTcpSequence(tcp.Sequence - 1);
        ref readonly var probe = ref _probes.Probe(number);
        return (tcp.Flags & TcpFlags.Rst) != 0 && !Unsafe.IsNullRef(in probe)
            && probe.Protocol == ProbeProtocol.Tcp && probe.Target == destination
            && probe.Flow.SourcePort == tcp.SourcePort && probe.Flow.DestinationPort == tcp.DestinationPort;
    }

    /// <summary>Matches a UDP datagram: by the cookie where the service echoes it, else by its flow.</summary>
    public bool TryFindByUdp(in ArrivedPacket packet, in UdpHeader udp, out FoundProbe match)
    {
        match = new FoundProbe(_probes.BetweenEnds(packet.Source, udp.SourcePort, udp.DestinationPort));
        if (match.Number != 0)
        {
            return IsForUs(packet, _probes.Probe(match.Number));
        }

        var hasCookie = ProbeWriter.TryReadPayloadCookie(udp.Payload, out var cookie);
        var oldest = Math.Max(1, _probes.Newest - LongestAmbiguousSearch);
        var best = 0;
        var bestTtl = 0;
        for (var number = _probes.Newest; number >= oldest; number--)
        {
            ref readonly var probe = ref _probes.Probe(number);
            if (Unsafe.IsNullRef(in probe))
            {
                break;
            }

            if (probe.Protocol != ProbeProtocol.Udp || probe.Flow.SourcePort != udp.DestinationPort
                || probe.Flow.DestinationPort != udp.SourcePort || probe.Target != packet.Source || !IsForUs(packet, probe))
            {
                continue;
            }

            if (hasCookie && cookie == _cookies.Payload(number))
            {
                match = new FoundProbe(number);
                return true;
            }

            if (!_probes.IsAnswered(number) && probe.Ttl > bestTtl)
            {
                (best, bestTtl) = (number, probe.Ttl);
            }
        }

        match = new FoundProbe(best, Ambiguous: true);
        return best != 0;
    }

    /// <summary>
    /// A datagram without a cookie: addresses and ports have to be those that were sent, as for the kernel's own sockets.
    /// </summary>
    private bool TryFindBetweenEnds(in IpPacket inner, in QuotedTransport transport, out FoundProbe match)
    {
        match = new FoundProbe(_probes.BetweenEnds(inner.Destination, transport.DestinationPort, transport.SourcePort));
        return match.Number != 0 && _probes.Probe(match.Number).Source == inner.Source;
    }

    private static bool IsForUs(in ArrivedPacket packet, in ProbePacket probe) => !packet.OnLink || packet.Destination == probe.Source;

    private static bool Fits(in ProbePacket probe, in TcpHeader tcp) =>
        probe.Protocol == ProbeProtocol.Tcp && probe.Flow.SourcePort == tcp.DestinationPort && probe.Flow.DestinationPort == tcp.SourcePort;

    /// <summary>A payload counts where the answerer took or skipped it; probes of many sizes may be under way.</summary>
    private bool TryFindByPayload(in TcpHeader tcp, out FoundProbe match)
    {
        match = default;
        for (var number = _probes.Newest; number > Math.Max(0, _probes.Newest - LongestPayloadSearch); number--)
        {
            ref readonly var probe = ref _probes.Probe(number);
            if (Unsafe.IsNullRef(in probe))
            {
                return false;
            }

            if (!Fits(probe, tcp))
            {
                continue;
            }

            var counted = ProbeWriter.TcpPayloadLength(probe.Size, probe.Target.IsV6, probe.Segment)
                + (probe.Segment == TcpSegmentKind.Syn ? 1 : 0);
            if (tcp.Acknowledgment == _cookies.TcpSequence(number) + (uint)counted)
            {
                match = new FoundProbe(number);
                return true;
            }
        }

        return false;
    }

    private bool TryFindByQuotedTcp(in QuoteStack quote, in QuotedTransport transport, out FoundProbe match)
    {
        // 32 keyed bits prove the probe alone; one unkeyed field beside them is a formality.
        var number = _cookies.NumberOfTcpSequence(transport.Sequence);
        ref readonly var probe = ref _probes.Probe(number);
        if (!Unsafe.IsNullRef(in probe) && probe.Protocol == ProbeProtocol.Tcp)
        {
            var different = Differences(probe, quote, transport);
            if ((different & (RewrittenFields.Destination | RewrittenFields.DestinationPort)) == 0
                || (different & (RewrittenFields.Source | RewrittenFields.SourcePort)) == 0)
            {
                match = new FoundProbe(number, different);
                return true;
            }
        }

        // A firewall that randomises sequence numbers: the identification and the whole tuple must prove it.
        match = default;
        return !quote.Outermost.IsV6 && TryCandidates(_cookies.ResidueOfIpId(quote.Outermost.Id), quote, transport, out match);
    }

    /// <summary>
    /// At tens of thousands of probes a second several of those still under way share a residue: the one whose addresses and ports are
    /// those quoted goes before a newer one that only a translation on the way would explain.
    /// </summary>
    private bool TryCandidates(int residue, in QuoteStack quote, in QuotedTransport transport, out FoundProbe match)
    {
        match = default;
        for (var number = _probes.FirstWithResidue(residue); number > 0; number = _probes.NextWithResidue(number))
        {
            ref readonly var probe = ref _probes.Probe(number);
            if (Unsafe.IsNullRef(in probe))
            {
                break;
            }

            if (ProbeWriter.IpProtocolOf(probe.Protocol, probe.Target.IsV6) != quote.Innermost.Protocol
                || probe.Target.IsV6 != quote.Innermost.IsV6)
            {
                continue;
            }

            var different = Differences(probe, quote, transport);
            if (!IsProved(probe, quote, transport, different))
            {
                continue;
            }

            if ((different & Tuple) == 0)
            {
                match = new FoundProbe(number, different);
                return true;
            }

            match = match.Number == 0 ? new FoundProbe(number, different) : match;
        }

        return match.Number != 0;
    }

    /// <summary>
    /// A NAT that translated the source leaves a checksum that decodes to nothing, and may have rewritten the identification too.
    /// The newest probes to that destination are asked whether the translation explains the checksum they would have had.
    /// </summary>
    private bool TryRewrittenChecksum(in QuoteStack quote, in QuotedTransport transport, out FoundProbe match)
    {
        match = default;
        for (var number = _probes.Newest; number > Math.Max(0, _probes.Newest - LongestTranslationSearch); number--)
        {
            ref readonly var probe = ref _probes.Probe(number);
            if (Unsafe.IsNullRef(in probe))
            {
                return false;
            }

            if (probe.Protocol != ProbeProtocol.Udp || probe.Target != quote.Innermost.Destination
                || probe.Size != quote.Innermost.TotalLength)
            {
                continue;
            }

            var different = Differences(probe, quote, transport);
            if (IsProved(probe, quote, transport, different))
            {
                match = new FoundProbe(number, different);
                return true;
            }
        }

        return false;
    }

    /// <summary>The rules of proof, by what is left unchanged.</summary>
    private bool IsProved(in ProbePacket probe, in QuoteStack quote, in QuotedTransport transport, RewrittenFields different)
    {
        const RewrittenFields Far = RewrittenFields.Destination | RewrittenFields.DestinationPort;

        if (ProbeWriter.TryReadPayloadCookie(transport.Payload, out var quoted))
        {
            // All of it there: nothing proves more. Zeros at its end are the padding of a shorter quote (RFC 4884 section 3).
            var cookie = _cookies.Payload(probe.Number);
            var padding = BitOperations.TrailingZeroCount(quoted) / 8 * 8;
            if (quoted == cookie || padding == 0)
            {
                return quoted == cookie;
            }

            if (padding < 64 && (quoted ^ cookie) >> padding != 0)
            {
                return false;
            }
        }

        var idHolds = !quote.Outermost.IsV6 && (different & RewrittenFields.IpId) == 0;
        var keyed = probe.Protocol == ProbeProtocol.Udp ? RewrittenFields.Checksum : RewrittenFields.Sequence;
        var keyedHolds = (different & keyed) == 0;
        if ((different & Tuple) == 0)
        {
            return idHolds || keyedHolds;
        }

        // The tuple was rewritten: two keyed fields, or one whose change a source NAT explains to the bit.
        // Another program of this host has our address and another port: that is no NAT.
        var sourceNat = (different & Far) == 0 && (different & RewrittenFields.Source) != 0;
        if (probe.Protocol != ProbeProtocol.Udp)
        {
            return keyedHolds && (idHolds || (sourceNat && Untranslate(probe, quote, transport) == probe.Flow.IcmpChecksum));
        }

        var explained = Untranslate(probe, quote, transport) == _cookies.UdpChecksum(probe.Number);
        return (idHolds && (keyedHolds || explained)) || (sourceNat && (explained || (idHolds && transport.Checksum == 0)));
    }

    private RewrittenFields Differences(in ProbePacket probe, in QuoteStack quote, in QuotedTransport transport)
    {
        var inner = quote.Innermost;
        var different = RewrittenFields.None;
        Add(inner.Source != probe.Source, RewrittenFields.Source);
        Add(inner.Destination != probe.Target, RewrittenFields.Destination);
        Add(transport.SourcePort != probe.Flow.SourcePort, RewrittenFields.SourcePort);
        Add(!quote.Outermost.IsV6 && quote.Outermost.Id != _cookies.IpId(probe.Number), RewrittenFields.IpId);
        switch (probe.Protocol)
        {
            case ProbeProtocol.Tcp:
                Add(transport.DestinationPort != probe.Flow.DestinationPort, RewrittenFields.DestinationPort);
                Add(transport.Sequence != _cookies.TcpSequence(probe.Number), RewrittenFields.Sequence);
                break;
            case ProbeProtocol.Udp:
                Add(transport.DestinationPort != probe.Flow.DestinationPort, RewrittenFields.DestinationPort);
                Add(transport.Checksum != _cookies.UdpChecksum(probe.Number), RewrittenFields.Checksum);
                break;
            case ProbeProtocol.Icmp:
                Add((ushort)transport.Sequence != _cookies.IcmpSequence(probe.Number), RewrittenFields.Sequence);
                Add(transport.Checksum != probe.Flow.IcmpChecksum, RewrittenFields.Checksum);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(probe), probe.Protocol, message: null);
        }

        return different;

        void Add(bool differs, RewrittenFields field) => different |= differs ? field : RewrittenFields.None;
    }

    /// <summary>The quoted checksum with the translation of address and port undone (RFC 1624); null when nothing was translated.</summary>
    private static ushort? Untranslate(in ProbePacket probe, in QuoteStack quote, in QuotedTransport transport)
    {
        if (quote.Innermost.IsV6 != probe.Target.IsV6)
        {
            return null;
        }

        var isEcho = probe.Protocol == ProbeProtocol.Icmp;
        var sent = PortSum(probe.Flow.SourcePort, isEcho ? (ushort)0 : probe.Flow.DestinationPort);
        var seen = PortSum(transport.SourcePort, isEcho ? (ushort)0 : transport.DestinationPort);
        if (!isEcho || probe.Target.IsV6)
        {
            // The pseudo header of ICMPv4 holds no addresses.
            sent = Checksum.PseudoHeader(probe.Source, probe.Target, 0, 0) + Checksum.Fold(sent);
            seen = Checksum.PseudoHeader(quote.Innermost.Source, quote.Innermost.Destination, 0, 0) + Checksum.Fold(seen);
        }

        if (Checksum.Fold(sent) == Checksum.Fold(seen))
        {
            return null;
        }

        // HC' = ~(~HC + ~m + m'), with m the seen and m' the sent words.
        return Checksum.Finish((uint)(ushort)~transport.Checksum + (ushort)~Checksum.Fold(seen) + Checksum.Fold(sent));
    }

    private static uint PortSum(ushort source, ushort destination) => (uint)source + destination;
}
