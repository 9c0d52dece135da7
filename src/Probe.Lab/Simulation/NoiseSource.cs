using System.Buffers.Binary;
using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>Makes the packets of one noise source. They appear at the vantage host directly, from addresses all over the place.</summary>
internal sealed class NoiseSource
{
    private readonly NoiseSpec _spec;
    private readonly IpAddress _vantage;
    private readonly byte[] _buffer = new byte[2048];
    private Chance _chance;

    public NoiseSource(NoiseSpec spec, IpAddress vantage, ulong seed, int index)
    {
        _spec = spec;
        _vantage = vantage;
        _chance = new Chance(seed, (ulong)index + 0x33_0000_0000);
    }

    /// <summary>When the source begins.</summary>
    public long FirstNs => _spec.FromNs + GapNs();

    /// <summary>When the packet after this instant comes; <see cref="long.MaxValue"/> when the source has ended.</summary>
    public long NextAfter(long nowNs) => nowNs + GapNs() is var next && next < _spec.UntilNs ? next : long.MaxValue;

    /// <summary>The next packet; empty when there is nothing to forge yet.</summary>
    /// <param name="lastInjected">The packet that left the vantage host last; empty before the first.</param>
    public ReadOnlySpan<byte> Next(ReadOnlySpan<byte> lastInjected) => _spec.Kind switch
    {
        NoiseKind.Foreign => Foreign(),
        NoiseKind.NearMiss => lastInjected.IsEmpty || lastInjected[0] >> 4 == 6 != _spec.V6 ? default : NearMiss(lastInjected),
        NoiseKind.DirectAnswers => DirectAnswer(),
        _ => Garbage(),
    };

    private long GapNs() => Math.Max(1, (long)(-Math.Log(1 - _chance.NextShare()) * 1e9 / _spec.PerSecond));

    private ReadOnlySpan<byte> Foreign()
    {
        Span<byte> quoted = stackalloc byte[96];
        var protocol = _chance.NextBelow(3) switch { 0 => IpProtocol.Udp, 1 => IpProtocol.Tcp, _ => Icmp };
        var source = _chance.NextBelow(2) == 0 ? _vantage : Stranger();
        var destination = Stranger();
        Span<byte> segment = stackalloc byte[8 + _chance.NextBelow(32)];
        Fill(segment);
        if (protocol == Icmp)
        {
            segment[0] = _spec.V6 ? IcmpType.EchoRequestV6 : IcmpType.EchoRequest;
            segment[1] = 0;
        }

        segment.CopyTo(quoted[Header(quoted, source, destination, protocol, segment.Length, ttl: 1)..]);
        return Error(quoted[..((_spec.V6 ? IPv6Header.Length : IPv4Header.MinimumLength) + segment.Length)]);
    }

    private ReadOnlySpan<byte> NearMiss(scoped ReadOnlySpan<byte> last)
    {
        Span<byte> quoted = stackalloc byte[Math.Min(last.Length, 512)];
        last[..quoted.Length].CopyTo(quoted);
        if (!IpPacket.TryRead(last, out var packet) || packet.Payload.Length < 8)
        {
            return default;
        }

        // The addresses, the protocol and the ports stay; whatever else a cookie may live in does not.
        if (!packet.IsV6)
        {
            Spoil(quoted[4..6]);
        }

        var at = packet.HeaderLength;
        switch (packet.Protocol)
        {
            case IpProtocol.Udp:
                Spoil(quoted[(at + 6)..(at + 8)]);
                break;
            case IpProtocol.Tcp:
                Spoil(quoted[(at + 4)..(at + 8)]);
                break;
            default:
                Spoil(quoted[(at + 6)..(at + 8)]);
                break;
        }

        var rest = quoted[Math.Min(at + 8, quoted.Length)..];
        Fill(rest);
        return Error(quoted);
    }

    private ReadOnlySpan<byte> DirectAnswer()
    {
        Span<byte> segment = stackalloc byte[40];
        Fill(segment);
        if (_chance.NextBelow(2) == 0)
        {
            segment[0] = _spec.V6 ? IcmpType.EchoReplyV6 : IcmpType.EchoReply;
            segment[1] = 0;
            return Packet(Icmp, segment);
        }

        segment[12] = 0x50;
        segment[13] = (byte)(_chance.NextBelow(2) == 0 ? TcpFlags.Rst | TcpFlags.Ack : TcpFlags.Syn | TcpFlags.Ack);
        return Packet(IpProtocol.Tcp, segment[..TcpHeader.MinimumLength]);
    }

    private ReadOnlySpan<byte> Garbage()
    {
        Span<byte> segment = stackalloc byte[_chance.NextBelow(200)];
        Fill(segment);
        var header = Header(_buffer, Stranger(), _vantage,
            _chance.NextBelow(3) switch { 0 => Icmp, 1 => IpProtocol.Tcp, _ => IpProtocol.Udp }, segment.Length, ttl: 50);
        segment.CopyTo(_buffer.AsSpan(header));
        return _buffer.AsSpan(0, header + segment.Length);
    }

    private ReadOnlySpan<byte> Error(scoped ReadOnlySpan<byte> quoted)
    {
        Span<byte> message = stackalloc byte[IcmpMessage.HeaderLength + quoted.Length];
        var (type, code) = (_chance.NextBelow(2) == 0, _spec.V6) switch
        {
            (true, false) => (IcmpType.TimeExceeded, (byte)0),
            (true, true) => (IcmpType.TimeExceededV6, (byte)0),
            (false, false) => (IcmpType.DestinationUnreachable, IcmpType.PortUnreachableCode),
            _ => (IcmpType.DestinationUnreachableV6, IcmpType.PortUnreachableCodeV6),
        };
        IcmpMessage.Write(message, _spec.V6, type, code, 0, quoted);
        return Packet(Icmp, message);
    }

    private byte Icmp => _spec.V6 ? IpProtocol.IcmpV6 : IpProtocol.Icmp;

    private ReadOnlySpan<byte> Packet(byte protocol, scoped Span<byte> segment)
    {
        var source = Stranger();
        TransportChecksum.Write(segment, protocol, source, _vantage);
        var header = Header(_buffer, source, _vantage, protocol, segment.Length, ttl: 50);
        segment.CopyTo(_buffer.AsSpan(header));
        return _buffer.AsSpan(0, header + segment.Length);
    }

    private int Header(Span<byte> packet, IpAddress source, IpAddress destination, byte protocol, int length, byte ttl) => _spec.V6
        ? IPv6Header.Write(packet, new IPv6Fields { NextHeader = protocol, HopLimit = ttl, Source = source, Destination = destination },
            length)
        : IPv4Header.Write(packet,
            new IPv4Fields { Id = (ushort)_chance.Next(), Ttl = ttl, Protocol = protocol, Source = source, Destination = destination },
            length);

    // TEST-NET-3 and the documentation prefix: no lab network uses them.
    private IpAddress Stranger() => _spec.V6
        ? IpAddress.FromV6(((UInt128)0x2001_0db8_ffff_0000 << 64) | _chance.Next())
        : IpAddress.FromV4(0xcb00_7100u | (uint)_chance.NextBelow(256));

    private void Fill(Span<byte> octets)
    {
        for (var i = 0; i < octets.Length; i++)
        {
            octets[i] = (byte)_chance.Next();
        }
    }

    private void Spoil(Span<byte> field)
    {
        var changed = BinaryPrimitives.ReadUInt16BigEndian(field[^2..]) ^ (1 + _chance.NextBelow(0xfffe));
        BinaryPrimitives.WriteUInt16BigEndian(field[^2..], (ushort)changed);
    }
}
