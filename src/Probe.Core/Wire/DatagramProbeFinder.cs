using System.Runtime.CompilerServices;
using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;

namespace Probe.Core.Wire;

/// <summary>
/// Says which probe of one datagram flow an answer means. A quoted echo request always carries its sequence. Of a UDP probe the kernel
/// hands out the quoted payload alone, and a router that quotes no more than eight octets after the IP header left none of it: then an
/// answer means the one probe that may still be answered, and where there are several it is not used.
/// </summary>
internal sealed class DatagramProbeFinder
{
    private readonly SocketWire _wire;
    private readonly ProbeFinder _finder;
    private readonly ushort _port;
    private readonly Queue<int> _underWay = new();
    private int _lastTtl;

    public DatagramProbeFinder(SocketWire wire, ushort port)
    {
        (_wire, _port) = (wire, port);
        _finder = new ProbeFinder(wire.Cookies, wire.Probes);
    }

    /// <summary>Whether a probe must wait because answers could not be told apart.</summary>
    public bool MustWait(in ProbePacket probe, long nowNs)
    {
        if (probe.Protocol != ProbeProtocol.Udp)
        {
            return false;
        }

        if (probe.Ttl <= _lastTtl)
        {
            // The flow was swept once, probe by probe, and had anybody quoted too little it would be known.
            _wire.FirstSweepEnds();
        }

        return _wire.OneAtATime && (TryOnlyOpen(nowNs, _wire.LongestWaitNs, out _, out var several) || several);
    }

    /// <summary>A probe left.</summary>
    public void Sent(in ProbePacket probe)
    {
        _lastTtl = probe.Ttl;
        while (_underWay.TryPeek(out var oldest) && _wire.IsForgotten(oldest))
        {
            _underWay.Dequeue();
        }

        _underWay.Enqueue(probe.Number);
    }

    /// <summary>Matches an echo request that was quoted, or an echo reply.</summary>
    /// <param name="octets">From the ICMP header on.</param>
    /// <param name="target">Where the request went, or who answered.</param>
    /// <param name="number">The probe's number.</param>
    public bool TryFindByEcho(ReadOnlySpan<byte> octets, IpAddress target, out int number)
    {
        number = 0;
        if (!IcmpMessage.TryRead(octets, target.IsV6, out var echo)
            || !_finder.TryFindByEcho(
                new ArrivedPacket { Source = target, Destination = _wire.Source, Ttl = 0, Protocol = 0, Payload = octets, AtNs = 0,
                    Stamp = StampSource.User },
                echo, out var match))
        {
            return false;
        }

        number = match.Number;
        ref var entry = ref _wire.Probes.Find(number);
        return entry.Packet.Flow.SourcePort == _port;
    }

    /// <summary>Matches a UDP probe by what was quoted of its payload.</summary>
    public bool TryFindByUdp(ReadOnlySpan<byte> quoted, long atNs, out int number)
    {
        // Zeros behind a shorter quote are padding (RFC 4884 section 3).
        quoted = quoted.TrimEnd((byte)0);
        if (quoted.Length >= ProbeWriter.TellingPayload)
        {
            return TryByPayload(quoted, out number);
        }

        _wire.QuoteWasTooShort();
        if (TryOnlyOpen(atNs, _wire.Options.TimeoutNs, out number, out _) || TryOnlyOpen(atNs, _wire.LongestWaitNs, out number, out _))
        {
            return true;
        }

        _wire.CouldNotTell();
        return false;
    }

    /// <summary>Matches what the target's own service said: by the payload where it is echoed, else the probe that got farthest.</summary>
    public bool TryFindByAnswer(ReadOnlySpan<byte> payload, out int number, out bool ambiguous)
    {
        ambiguous = false;
        if (ProbeWriter.TryReadPayloadCookie(payload, out _) && TryByPayload(payload, out number))
        {
            return true;
        }

        ambiguous = true;
        number = 0;
        var highest = 0;
        foreach (var candidate in _underWay)
        {
            ref var entry = ref _wire.Probes.Find(candidate);
            if (!Unsafe.IsNullRef(ref entry) && !entry.Answered && entry.Packet.Ttl >= highest)
            {
                (number, highest) = (candidate, entry.Packet.Ttl);
            }
        }

        return number != 0;
    }

    /// <summary>The probe whose payload begins like this.</summary>
    private bool TryByPayload(ReadOnlySpan<byte> octets, out int number)
    {
        number = 0;
        var hasCookie = ProbeWriter.TryReadPayloadCookie(octets, out var cookie);
        foreach (var candidate in _underWay)
        {
            ref var entry = ref _wire.Probes.Find(candidate);
            if (!Unsafe.IsNullRef(ref entry)
                && (hasCookie ? cookie == _wire.Cookies.Payload(candidate) : _wire.WritePayload(entry.Packet).StartsWith(octets)))
            {
                number = candidate;
                return true;
            }
        }

        return false;
    }

    /// <summary>The one probe without an answer that left no longer ago than that.</summary>
    private bool TryOnlyOpen(long atNs, long withinNs, out int number, out bool several)
    {
        (number, several) = (0, false);
        foreach (var candidate in _underWay)
        {
            ref var entry = ref _wire.Probes.Find(candidate);
            if (Unsafe.IsNullRef(ref entry) || entry.Answered || atNs - entry.SentNs >= withinNs)
            {
                continue;
            }

            several = number != 0;
            number = candidate;
            if (several)
            {
                return false;
            }
        }

        return number != 0;
    }
}
