using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;

namespace Probe.Core.Wire;

/// <summary>
/// Says what an arrived packet is: the only place that reads them, for traces, path MTU and checks, plain or through tunnels. Whose it is
/// says <see cref="ProbeFinder"/>.
/// </summary>
internal sealed class PacketReader(ProbeCookies cookies, ProbesUnderWay probes)
{
    private readonly ProbeFinder _finder = new(cookies, probes);

    /// <summary>A probe is about to leave: errors may quote the tunnels around it.</summary>
    public void Expect(in ProbePacket probe)
    {
        if (!probe.Via.IsEmpty)
        {
            _finder.Expect(probe.Via);
        }
    }

    /// <summary>Finds the probe that a packet answers.</summary>
    /// <param name="packet">What arrived.</param>
    /// <param name="match">The probe.</param>
    /// <param name="reading">What the packet says of it.</param>
    public bool TryRead(in ArrivedPacket packet, out FoundProbe match, out PacketReading reading)
    {
        switch (packet.Protocol)
        {
            case IpProtocol.Icmp or IpProtocol.IcmpV6:
                return TryReadIcmp(packet, out match, out reading);
            case IpProtocol.Tcp when TcpHeader.TryRead(packet.Payload, out var tcp):
                reading = new PacketReading((tcp.Flags & TcpFlags.Rst) != 0 ? ReplyKind.Reset : ReplyKind.SynAck);
                return _finder.TryFindByTcp(tcp, out match) && (tcp.Flags & (TcpFlags.Rst | TcpFlags.Syn)) != 0;
            case IpProtocol.Udp when UdpHeader.TryRead(packet.Payload, out var udp):
                reading = new PacketReading(ReplyKind.UdpReply);
                return _finder.TryFindByUdp(packet, udp, out match);
            default:
                (match, reading) = (default, default);
                return false;
        }
    }

    private bool TryReadIcmp(in ArrivedPacket packet, out FoundProbe match, out PacketReading reading)
    {
        (match, reading) = (default, default);
        var isV6 = packet.Protocol == IpProtocol.IcmpV6;
        if (isV6 != packet.Source.IsV6
            || !IcmpMessage.TryRead(packet.Payload, isV6, out var message)
            || !(packet.Cut || message.ChecksumValid(packet.Source, packet.Destination)))
        {
            return false;
        }

        if (message.IsEchoReply)
        {
            reading = new PacketReading(ReplyKind.EchoReply) { Type = message.Type, Code = message.Code };
            return _finder.TryFindByEcho(packet, message, out match);
        }

        var isRedirect = !isV6 && message.Type == IcmpType.Redirect;
        if ((isRedirect ? ReplyKind.OtherUnreachable : IcmpErrors.KindOf(isV6, message.Type, message.Code)) is not { } kind
            || !_finder.TryFindByQuote(message.Quote, out match, out var quoted))
        {
            return false;
        }

        int? mtu = ReplyKinds.CarriesMtu(kind) ? (int)Math.Min(message.Mtu, int.MaxValue) : null;
        reading = new PacketReading(kind)
        {
            Redirect = isRedirect,
            Type = message.Type,
            Code = message.Code,
            Quoted = quoted,
            Mtu = mtu,
            Implausible = mtu is { } value && IcmpErrors.IsImplausibleMtu(isV6, value, quoted.Length),
            Extensions = message.TryReadExtensions(out var extensions) ? extensions : null,
        };
        return true;
    }

    /// <summary>Says which probe a packet of this host's interfaces is or answers; false for everybody else's.</summary>
    /// <param name="ipPacket">The packet from its IP header on.</param>
    /// <param name="number">The probe's number.</param>
    /// <param name="role">What the packet is to that probe.</param>
    public bool TryIdentify(ReadOnlySpan<byte> ipPacket, out int number, out PacketRole role)
    {
        number = 0;
        role = PacketRole.Probe;

        // A probe is its own quote.
        if (_finder.TryFindByQuote(ipPacket, out var probe, out _) && probe.Nat == RewrittenFields.None)
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
        if (TryRead(packet, out var match, out _))
        {
            number = match.Number;
            return true;
        }

        role = PacketRole.OwnReset;
        _finder.TryPeel(ip, out var inner);
        return inner.Protocol == IpProtocol.Tcp && TcpHeader.TryRead(inner.Payload, out var tcp)
            && _finder.TryFindByOwnReset(inner.Destination, tcp, out number);
    }
}

/// <summary>What an arrived packet says, apart from when and to which probe.</summary>
internal readonly record struct PacketReading(ReplyKind Kind)
{
    public byte Type { get; init; }

    public byte Code { get; init; }

    public int? Mtu { get; init; }

    public bool Implausible { get; init; }

    public bool Redirect { get; init; }

    public QuotedHeader? Quoted { get; init; }

    public IcmpExtensions? Extensions { get; init; }
}
