using System.Runtime.CompilerServices;
using Probe.Core.Packets;

namespace Probe.Core.Probing;

/// <summary>The wire of whole packets: builds probes, sends them through a port, matches what arrives and stamps it.</summary>
public sealed class PacketWire : IWire, IPacketSink
{
    private const int LargestPacket = 65535;

    private readonly IPacketPort _port;
    private readonly ProbeWriter _writer;
    private readonly ProbeTable _probes;
    private readonly ReplyMatcher _matcher;
    private readonly byte[] _buffer = new byte[LargestPacket];
    private List<Reply>? _replies;

    /// <summary>Makes a wire over a port, which it owns.</summary>
    /// <param name="port">Carries the packets.</param>
    /// <param name="cookies">The key of this run.</param>
    /// <param name="keepNs">How long an answer may take at most and still find its probe, nanoseconds.</param>
    public PacketWire(IPacketPort port, ProbeCookies cookies, long keepNs)
    {
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
        var length = _writer.Write(probe, _buffer);
        _probes.Add(probe, _port.NowNs);
        return _port.Send(_buffer.AsSpan(0, length), probe.Number);
    }

    /// <inheritdoc/>
    public void Receive(long untilNs, List<Reply> replies)
    {
        _replies = replies;
        _port.Poll(untilNs, this);
    }

    /// <inheritdoc/>
    public PortLosses ReadLosses() => _port.ReadLosses();

    /// <inheritdoc/>
    public void Dispose() => _port.Dispose();

    void IPacketSink.Transmitted(int number, long atNs)
    {
        ref var entry = ref _probes.Find(number);
        if (!Unsafe.IsNullRef(ref entry))
        {
            entry.SentNs = atNs;
            entry.SentStamp = StampSource.Kernel;
        }
    }

    void IPacketSink.Arrived(in ArrivedPacket packet)
    {
        switch (packet.Protocol)
        {
            case IpProtocol.Icmp or IpProtocol.IcmpV6:
                ReadIcmp(packet);
                break;
            case IpProtocol.Tcp:
                ReadTcp(packet);
                break;
            case IpProtocol.Udp:
                ReadUdp(packet);
                break;
            default:
                break;
        }
    }

    private void ReadIcmp(in ArrivedPacket packet)
    {
        var isV6 = packet.Protocol == IpProtocol.IcmpV6;
        if (isV6 != packet.Source.IsV6
            || !IcmpMessage.TryRead(packet.Payload, isV6, out var message)
            || !message.ChecksumValid(packet.Source, packet.Destination))
        {
            return;
        }

        if (message.IsEchoReply)
        {
            if (_matcher.TryMatchEcho(packet, message, out var echo))
            {
                Report(packet, echo, ReplyKind.EchoReply, message.Type, message.Code);
            }
        }
        else if (ReplyKinds.OfError(isV6, message.Type, message.Code) is { } kind
            && QuoteStack.TryRead(message.Quote, out var quote)
            && _matcher.TryMatchQuote(quote, out var match))
        {
            int? mtu = ReplyKinds.CarriesMtu(kind) ? (int)Math.Min(message.Mtu, int.MaxValue) : null;
            var outer = quote.Outermost;
            Report(packet, match, kind, message.Type, message.Code, new QuotedHeader(outer.Ttl, outer.TrafficClass, outer.TotalLength, outer.Id), mtu,
                mtu is { } value && ReplyKinds.IsImplausibleMtu(isV6, value, outer.TotalLength),
                message.TryReadExtensions(out var extensions) ? extensions : null);
        }
    }

    private void ReadTcp(in ArrivedPacket packet)
    {
        if (!TcpHeader.TryRead(packet.Payload, out var tcp) || !_matcher.TryMatchTcpAnswer(packet, tcp, out var match))
        {
            return;
        }

        if ((tcp.Flags & TcpFlags.Rst) != 0)
        {
            Report(packet, match, ReplyKind.Reset, 0, 0);
        }
        else if ((tcp.Flags & TcpFlags.Syn) != 0)
        {
            Report(packet, match, ReplyKind.SynAck, 0, 0);
        }
    }

    private void ReadUdp(in ArrivedPacket packet)
    {
        if (UdpHeader.TryRead(packet.Payload, out var udp) && _matcher.TryMatchUdpAnswer(packet, udp, out var match))
        {
            Report(packet, match, ReplyKind.UdpReply, 0, 0);
        }
    }

    private void Report(in ArrivedPacket packet, in Match match, ReplyKind kind, byte type, byte code,
        QuotedHeader? quoted = null, int? mtu = null, bool implausible = false, IcmpExtensions? extensions = null)
    {
        ref var entry = ref _probes.Find(match.Number);
        entry.Answered |= kind != ReplyKind.Redirect;
        _replies?.Add(new Reply
        {
            Number = match.Number,
            From = packet.Source,
            Kind = kind,
            Type = type,
            Code = code,
            Mtu = mtu,
            Implausible = implausible,
            SentNs = entry.SentNs,
            SentStamp = entry.SentStamp,
            ReceivedNs = packet.AtNs,
            ReceivedStamp = packet.Stamp,
            ReplyTtl = packet.Ttl,
            Quoted = quoted,
            Nat = match.Nat,
            Ambiguous = match.Ambiguous,
            Extensions = extensions,
        });
    }
}
