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
    private readonly PacketBuilder _builder;
    private readonly ProbeTable _probes;
    private readonly PacketReader _reader;
    private readonly byte[] _buffer = new byte[LargestPacket];
    private readonly SendBatch? _batch;
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
        _builder = new PacketBuilder(cookies);
        _probes = new ProbeTable(keepNs);
        _reader = new PacketReader(cookies, _probes);
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
    public bool TryIdentify(ReadOnlySpan<byte> ipPacket, out int number, out PacketRole role) =>
        _reader.TryIdentify(ipPacket, out number, out role);

    /// <inheritdoc/>
    public void Dispose() => _port.Dispose();

    void IPacketSink.Transmitted(int number, long atNs) => _probes.Left(number, atNs);

    void IPacketSink.Arrived(in ArrivedPacket packet)
    {
        if (_reader.TryRead(packet, out var match, out var reading))
        {
            Report(packet, match, reading);
            if (reading.Kind == ReplyKind.SynAck)
            {
                ResetThroughTunnel(_probes.Find(match.Number).Packet, packet.Payload);
            }
        }
    }

    /// <summary>
    /// Ends what a wrapped SYN has half opened. A SYN-ACK that comes again means that the reset was lost, and draws another.
    /// </summary>
    private void ResetThroughTunnel(in ProbePacket probe, ReadOnlySpan<byte> synAck)
    {
        if (!probe.Via.IsEmpty && TcpHeader.TryRead(synAck, out var tcp))
        {
            // One that cannot leave is made up for by the next SYN-ACK.
            _port.Send(_buffer.AsSpan(0, _builder.WriteReset(probe, tcp.Acknowledgment, _buffer)), 0);
        }
    }

    private int Write(in ProbePacket probe, Span<byte> room)
    {
        _reader.Expect(probe);
        return _builder.Write(probe, room);
    }

    private void Report(in ArrivedPacket packet, in FoundProbe match, in PacketReading reading)
    {
        ref var entry = ref _probes.Find(match.Number);
        entry.Answered |= !reading.Redirect;
        _replies?.Add(new Reply
        {
            Number = match.Number,
            From = packet.Source,
            Kind = reading.Kind,
            Type = reading.Type,
            Code = reading.Code,
            Mtu = reading.Mtu,
            Implausible = reading.Implausible,
            SentNs = entry.SentNs,
            SentStamp = entry.SentStamp,
            ReceivedNs = packet.AtNs,
            ReceivedStamp = packet.Stamp,
            ReplyTtl = packet.Ttl,
            Quoted = reading.Quoted,
            Layer = match.Layer,
            Nat = match.Nat,
            Ambiguous = match.Ambiguous,
            Redirect = reading.Redirect,
            Extensions = reading.Extensions,
        });
    }
}
