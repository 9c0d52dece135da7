using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;

namespace Probe.Core.Wire;

/// <summary>The wire of whole packets: builds probes, sends them through a port, matches what arrives and stamps it.</summary>
public sealed class PacketWire : IWire, IPacketSink
{
    private const int LargestPacket = 65535;
    private const long LongestSendNs = 500_000;

    private readonly IPacketPort _port;
    private readonly ProbeWriter _writer;
    private readonly ProbeTable _probes;
    private readonly ReplyMatcher _matcher;
    private readonly byte[] _buffer = new byte[LargestPacket];
    private readonly SendBatch? _batch;
    private readonly OuterSequence _sequence = new();
    private List<Reply>? _replies;

    /// <summary>Makes a wire over a port, which it owns.</summary>
    /// <param name="port">Carries the packets.</param>
    /// <param name="cookies">The key of this run.</param>
    /// <param name="keepNs">How long an answer may take at most and still find its probe, nanoseconds.</param>
    /// <param name="batches">
    /// Several probes leave together. A probe whose transmit stamp never comes then counts from the start of its batch, some 0.1 ms early.
    /// </param>
    public PacketWire(IPacketPort port, ProbeCookies cookies, long keepNs, bool batches = false)
    {
        _batch = batches ? new SendBatch(LargestPacket) : null;
        _port = port;
        _writer = new ProbeWriter(cookies);
        _probes = new ProbeTable(keepNs);
        _matcher = new ReplyMatcher(cookies, _probes);
    }

    /// <inheritdoc/>
    public long NowNs => _port.NowNs;

    /// <inheritdoc/>
    public SendStatus Send(in ProbePacket probe)
    {
        var length = Write(probe, _buffer);
        ref var entry = ref _probes.Add(probe, _port.NowNs);
        var status = _port.Send(_buffer.AsSpan(0, length), probe.Number);
        if (_port.NowNs is var after && after - entry.SentNs > LongestSendNs)
        {
            // The first send waits until the kernel stamps, a busy host may wait anywhere: the packet left at the end of it.
            entry.SentNs = after;
        }

        return status;
    }

    /// <inheritdoc/>
    public void Send(ReadOnlySpan<ProbePacket> probes, Span<SendStatus> status)
    {
        if (_batch is null || probes.Length < 2)
        {
            for (var i = 0; i < probes.Length; i++)
            {
                status[i] = Send(probes[i]);
            }

            return;
        }

        for (var done = 0; done < probes.Length; done += _batch.Count)
        {
            _batch.Clear();
            var beforeNs = _port.NowNs;
            for (var i = done; i < probes.Length && _batch.Fits(probes[i].Size + probes[i].Via.Overhead); i++)
            {
                _batch.Add(Write(probes[i], _batch.Room), probes[i].Number);
                _probes.Add(probes[i], beforeNs);
            }

            _port.Send(_batch);
            var afterNs = _port.NowNs;
            for (var i = 0; i < _batch.Count; i++)
            {
                status[done + i] = _batch.Status(i);
                if (afterNs - beforeNs > LongestSendNs)
                {
                    _probes.Find(_batch.Number(i)).SentNs = afterNs;
                }
            }
        }
    }

    /// <inheritdoc/>
    public void Receive(long untilNs, List<Reply> replies)
    {
        _replies = replies;
        _port.Poll(untilNs, this);
    }

    /// <inheritdoc/>
    public PortLosses ReadLosses() => _port.ReadLosses();

    /// <summary>Ends a waiting <see cref="Receive"/> from another thread.</summary>
    public void Wake() => _port.Wake();

    /// <summary>Says which probe a packet of this host's interfaces is or answers; false for everybody else's.</summary>
    /// <param name="ipPacket">The packet from its IP header on.</param>
    /// <param name="number">The probe's number.</param>
    /// <param name="role">What the packet is to that probe.</param>
    public bool TryIdentify(ReadOnlySpan<byte> ipPacket, out int number, out PacketRole role)
    {
        number = 0;
        role = PacketRole.Probe;

        // A probe is its own quote.
        if (_matcher.TryMatchQuote(ipPacket, out var probe, out _) && probe.Nat == RewrittenFields.None)
        {
            number = probe.Number;
            return true;
        }

        if (!IpPacket.TryRead(ipPacket, out var ip) || ip.FragmentOffset != 0)
        {
            return false;
        }

        var packet = new ArrivedPacket
        {
            Source = ip.Source,
            Destination = ip.Destination,
            Ttl = ip.Ttl,
            Protocol = ip.Protocol,
            Payload = ip.Payload,
            AtNs = 0,
            Stamp = StampSource.Kernel,
        };
        role = PacketRole.Answer;
        if (TryMatch(packet, out var match, out _))
        {
            number = match.Number;
            return true;
        }

        role = PacketRole.OwnReset;
        _matcher.TryPeel(ip, out var inner);
        return inner.Protocol == IpProtocol.Tcp && TcpHeader.TryRead(inner.Payload, out var tcp) && _matcher.TryMatchOwnReset(inner.Destination, tcp, out number);
    }

    /// <inheritdoc/>
    public void Dispose() => _port.Dispose();

    void IPacketSink.Transmitted(int number, long atNs) => _probes.Left(number, atNs);

    void IPacketSink.Arrived(in ArrivedPacket packet)
    {
        if (TryMatch(packet, out var match, out var answer))
        {
            Report(packet, match, answer);
            if (answer.Kind == ReplyKind.SynAck)
            {
                ResetThroughTunnel(_probes.Find(match.Number).Packet, packet.Payload);
            }
        }
    }

    /// <summary>
    /// Ends what a wrapped SYN has half opened. The kernel's own reset would go straight to the target, past the real server that answered,
    /// so it is kept mute (<see cref="HeldPortMode.KernelMute"/>). A SYN-ACK that comes again means that the reset was lost, and draws another.
    /// </summary>
    private void ResetThroughTunnel(in ProbePacket probe, ReadOnlySpan<byte> synAck)
    {
        if (probe.Via.IsEmpty || !TcpHeader.TryRead(synAck, out var tcp))
        {
            return;
        }

        var length = ProbeWriter.WriteReset(probe, tcp.Acknowledgment, _buffer.AsSpan(probe.Via.Overhead));
        length = EncapsulationWriter.Wrap(probe.Via, _buffer, length, new OuterFields { Sequence = _sequence.Next() });

        // Number 0: its transmit stamp is no probe's. One that cannot leave is made up for by the next SYN-ACK.
        _port.Send(_buffer.AsSpan(0, length), 0);
    }

    /// <summary>Writes a probe with the headers it wears, all of them with its identification: an error may quote no more than the outermost.</summary>
    private int Write(in ProbePacket probe, Span<byte> room)
    {
        if (probe.Via.IsEmpty)
        {
            return _writer.Write(probe, room);
        }

        _matcher.Expect(probe.Via);
        var length = _writer.Write(probe, room[probe.Via.Overhead..]);
        return EncapsulationWriter.Wrap(probe.Via, room, length, new OuterFields { Id = _writer.IpIdOf(probe), Ttl = probe.OuterTtl, Sequence = _sequence.Next() });
    }

    private bool TryMatch(in ArrivedPacket packet, out Match match, out Answer answer)
    {
        switch (packet.Protocol)
        {
            case IpProtocol.Icmp or IpProtocol.IcmpV6:
                return TryMatchIcmp(packet, out match, out answer);
            case IpProtocol.Tcp when TcpHeader.TryRead(packet.Payload, out var tcp):
                answer = new Answer((tcp.Flags & TcpFlags.Rst) != 0 ? ReplyKind.Reset : ReplyKind.SynAck);
                return _matcher.TryMatchTcpAnswer(tcp, out match) && (tcp.Flags & (TcpFlags.Rst | TcpFlags.Syn)) != 0;
            case IpProtocol.Udp when UdpHeader.TryRead(packet.Payload, out var udp):
                answer = new Answer(ReplyKind.UdpReply);
                return _matcher.TryMatchUdpAnswer(packet, udp, out match);
            default:
                (match, answer) = (default, default);
                return false;
        }
    }

    private bool TryMatchIcmp(in ArrivedPacket packet, out Match match, out Answer answer)
    {
        (match, answer) = (default, default);
        var isV6 = packet.Protocol == IpProtocol.IcmpV6;
        if (isV6 != packet.Source.IsV6
            || !IcmpMessage.TryRead(packet.Payload, isV6, out var message)
            || !(packet.Cut || message.ChecksumValid(packet.Source, packet.Destination)))
        {
            return false;
        }

        if (message.IsEchoReply)
        {
            answer = new Answer(ReplyKind.EchoReply) { Type = message.Type, Code = message.Code };
            return _matcher.TryMatchEcho(packet, message, out match);
        }

        var isRedirect = !isV6 && message.Type == IcmpType.Redirect;
        if ((isRedirect ? ReplyKind.OtherUnreachable : ReplyKinds.OfError(isV6, message.Type, message.Code)) is not { } kind
            || !_matcher.TryMatchQuote(message.Quote, out match, out var quoted))
        {
            return false;
        }

        int? mtu = ReplyKinds.CarriesMtu(kind) ? (int)Math.Min(message.Mtu, int.MaxValue) : null;
        answer = new Answer(kind)
        {
            Redirect = isRedirect,
            Type = message.Type,
            Code = message.Code,
            Quoted = quoted,
            Mtu = mtu,
            Implausible = mtu is { } value && ReplyKinds.IsImplausibleMtu(isV6, value, quoted.Length),
            Extensions = message.TryReadExtensions(out var extensions) ? extensions : null,
        };
        return true;
    }

    private void Report(in ArrivedPacket packet, in Match match, in Answer answer)
    {
        ref var entry = ref _probes.Find(match.Number);
        entry.Answered |= !answer.Redirect;
        _replies?.Add(new Reply
        {
            Number = match.Number,
            From = packet.Source,
            Kind = answer.Kind,
            Type = answer.Type,
            Code = answer.Code,
            Mtu = answer.Mtu,
            Implausible = answer.Implausible,
            SentNs = entry.SentNs,
            SentStamp = entry.SentStamp,
            ReceivedNs = packet.AtNs,
            ReceivedStamp = packet.Stamp,
            ReplyTtl = packet.Ttl,
            Quoted = answer.Quoted,
            Layer = match.Layer,
            Nat = match.Nat,
            Ambiguous = match.Ambiguous,
            Redirect = answer.Redirect,
            Extensions = answer.Extensions,
        });
    }

    /// <summary>What an arrived packet says, apart from when and to which probe.</summary>
    private readonly record struct Answer(ReplyKind Kind)
    {
        public byte Type { get; init; }

        public byte Code { get; init; }

        public int? Mtu { get; init; }

        public bool Implausible { get; init; }

        public bool Redirect { get; init; }

        public QuotedHeader? Quoted { get; init; }

        public IcmpExtensions? Extensions { get; init; }
    }
}

/// <summary>What a captured packet is to a probe.</summary>
public enum PacketRole
{
    /// <summary>The probe itself.</summary>
    Probe,

    /// <summary>An answer to it.</summary>
    Answer,

    /// <summary>The reset with which this host's kernel, or through a tunnel this wire, ends the half-open connection.</summary>
    OwnReset,
}
