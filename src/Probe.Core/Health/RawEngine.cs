using System.Security.Cryptography;
using Probe.Core.Linux;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;
using Probe.Core.Wire;

namespace Probe.Core.Health;

/// <summary>
/// Checks by packets of our own making, plain or through tunnels: half-open ones (<see cref="CheckKind.Syn"/>) or datagrams (<see
/// cref="CheckKind.Udp"/>), and echo requests (<see cref="CheckKind.Icmp"/>). No socket per check, and the kernel itself resets what
/// answers a SYN, because the port is bound and does not listen (behind a tunnel: we do, by the same way). Belongs to the thread and the
/// network namespace in which it is used. What it promises: the ports are no other program's; sequence numbers are keyed, so that nobody
/// can answer who has not seen the SYN (a datagram can be answered by whoever knows its ports, as for the kernel's own sockets); the time
/// of an answer is when the kernel received it, so that a hold-up of this process is nobody's fault; and silence counts only when this host
/// lost no packet meanwhile.
/// </summary>
public sealed partial class RawEngine : ICheckEngine
{
    /// <summary>
    /// Most octets that encapsulations may add to a check: beside the largest SYN they leave room for, in packets of 1,500.
    /// </summary>
    public const int MostOverhead = LargestPacket - 80;

    /// <summary>Octets of the largest packet, its tunnels included: what is meant for checks fits in a frame of Ethernet.</summary>
    public const int LargestPacket = 1500;

    /// <summary>Octets that a datagram may carry, of either family, in encapsulations that add so many.</summary>
    public static int MostOctets(int overhead) => LargestPacket - overhead - ProbeWriter.DatagramSize(0, isV6: true);

    private const byte TimeToLive = 64;

    // The kernel's own connections send a lost SYN again after so long (TCP_TIMEOUT_INIT, tcp_syn_linear_timeouts).
    private const long SendAgainNs = 1_000_000_000;

    // A full queue is tried again after so long.
    private const long BusyNs = 1_000_000;

    // The stamp of a packet is a little older than its place in the queue (netdev_tstamp_prequeue).
    private const long QueuedWithinNs = 1_000_000;

    // The wheel is searched no further than this.
    private const long LongestWaitNs = 100_000_000;

    // While checks are being begun, what has arrived is looked at every so many.
    private const int LookEvery = 512;

    private readonly IPacketPort _port;
    private readonly IReadOnlyList<IDisposable> _owned;
    private readonly ProbeCookies _cookies;
    private readonly PacketBuilder _builder;
    private readonly PacketReader _reader;
    private readonly RawSources _sources;
    private readonly RawPorts _ports;
    private readonly bool _isUdp;
    private readonly byte _dscp;
    private readonly uint _flowLabel;
    private readonly ushort _echoId = (ushort)RandomNumberGenerator.GetInt32(1, 65536);
    private readonly ushort _echoChecksum = (ushort)RandomNumberGenerator.GetInt32(1, 65535);
    private readonly long _zeroNs;
    private readonly SendBatch _batch = new(largestPacket: 0);
    private readonly Answers _answers;
    private readonly RawSlots _slots;
    private readonly TimerWheel _timers;
    private readonly OutcomeQueue _over;
    private int _unseen;
    private long _losses;
    private long _lossSeenNs = long.MinValue;
    private long _searchSpanNs = long.MinValue / 2;
    private int _searches;
    private volatile bool _woken;

    /// <summary>An engine over any port, whose clock starts at <paramref name="zeroNs"/> of the engine's.</summary>
    internal RawEngine(IPacketPort port, RawEngineOptions options, RawSources sources, RawPorts ports, long zeroNs,
        params IReadOnlyList<IDisposable> owned)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.InFlight, 1);
        (_port, _sources, _ports, _zeroNs, _owned) = (port, sources, ports, zeroNs, owned);
        (_isUdp, _dscp) = (options.Transport == ProbeProtocol.Udp, options.Dscp);
        _flowLabel = Flow.RandomLabel();
        _slots = new RawSlots(options.InFlight);
        _cookies = new ProbeCookies();
        _builder = new PacketBuilder(_cookies);
        _reader = new PacketReader(_cookies, _slots);
        _answers = new Answers(this);
        _timers = new TimerWheel(options.InFlight);
        _over = new OutcomeQueue(options.InFlight);
        _losses = port.ReadLosses().Packets;
    }

    /// <inheritdoc/>
    public long NowNs => _zeroNs + _port.NowNs;

    /// <inheritdoc/>
    public bool Carries(CheckKind kind, bool tunnelled) => kind == CheckKind.Icmp || kind == (_isUdp ? CheckKind.Udp : CheckKind.Syn);

    /// <inheritdoc/>
    public int InFlight => _slots.Used + _over.Count;

    /// <inheritdoc/>
    public int Capacity => _slots.Capacity;

    /// <inheritdoc/>
    public bool TryStart(CheckTarget target, int attempt)
    {
        ArgumentNullException.ThrowIfNull(target);
        if (!Carries(target.Kind, tunnelled: false))
        {
            throw new NotSupportedException($"this engine carries no {target.Kind} checks");
        }

        if (InFlight >= Capacity)
        {
            return false;
        }

        var now = NowNs;
        var ports = _ports.Of(target);
        var source = default(RawSource);
        var errno = ports.IsEmpty ? Errno.EAFNOSUPPORT : _sources.Find(target, now, out source);
        if (errno == 0 && SizeOf(target) + source.Via.Overhead > LargestPacket)
        {
            errno = Errno.EMSGSIZE;
        }

        if (errno != 0)
        {
            _over.Add(CheckOutcome.Of(target.Index, attempt, CheckEnd.Failed, now) with { Errno = errno, Synchronous = true });
            return true;
        }

        if (!TryChoosePort(target, attempt, ports, out var localPort))
        {
            return false;
        }

        var index = _slots.Take(out var number);
        _slots.Send(index, PacketTo(target, number, source, localPort));
        ref var slot = ref _slots[index];
        (slot.Question, slot.Target, slot.Attempt) = (target.Question, target.Index, attempt);
        (slot.StartedNs, slot.TimeoutNs) = (now, target.TimeoutNs);
        Write(ref slot);
        return true;
    }

    /// <inheritdoc/>
    public void Poll(long untilNs, ICheckSink sink)
    {
        ArgumentNullException.ThrowIfNull(sink);
        Flush();
        long now;
        do
        {
            // All that had arrived by now is seen in this turn, so that what is overdue now can be told to be silent.
            now = NowNs;
            Look(_over.Count > 0 ? now : _slots.Used == 0 ? untilNs : _timers.NextNs(Math.Min(untilNs, now + LongestWaitNs)));
            EndOverdue(now);
            Flush();
        }
        while (_over.Count == 0 && !_woken && now < untilNs);

        _woken = false;
        for (var left = _over.Count; left > 0 && _over.TryTake(out var outcome); left--)
        {
            sink.Done(in outcome);
        }
    }

    /// <inheritdoc/>
    public void Wake()
    {
        _woken = true;
        _port.Wake();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _port.Dispose();
        foreach (var owned in _owned)
        {
            owned.Dispose();
        }
    }

    /// <summary>
    /// Each check of a target has another port than the one before; a datagram one that none under way to the same address and port has.
    /// </summary>
    private bool TryChoosePort(CheckTarget target, int attempt, ReadOnlySpan<ushort> ports, out ushort port)
    {
        for (var i = 0; i < ports.Length; i++)
        {
            port = ports[(int)((uint)(attempt + target.Index + i) % (uint)ports.Length)];
            if (target.Kind != CheckKind.Udp || _slots.BetweenEnds(target.Address, target.Port, port) == 0)
            {
                return true;
            }
        }

        port = 0;
        return false;
    }

    private static int SizeOf(CheckTarget target) => target.Kind == CheckKind.Udp
        ? ProbeWriter.DatagramSize(target.Question.Send.Length, target.Address.IsV6) : ProbeWriter.DefaultSize(target.Address.IsV6);

    private ProbePacket PacketTo(CheckTarget target, int number, in RawSource source, ushort localPort)
    {
        var isV6 = target.Address.IsV6;
        var isEcho = target.Kind == CheckKind.Icmp;
        return new ProbePacket
        {
            Number = number,
            Source = source.Address,
            Target = target.Address,
            Protocol = isEcho ? ProbeProtocol.Icmp : _isUdp ? ProbeProtocol.Udp : ProbeProtocol.Tcp,
            Flow = new Flow(1, isEcho ? _echoId : localPort, target.Port, isEcho ? _echoChecksum : (ushort)0, isV6 ? _flowLabel : 0),
            Ttl = TimeToLive,
            Size = SizeOf(target),
            Payload = target.Kind == CheckKind.Udp ? target.Question.Send : default(ReadOnlyMemory<byte>?),
            Dscp = _dscp,
            DontFragment = true,
            Via = source.Via,
        };
    }

    private void Look(long untilNs)
    {
        _unseen = 0;
        _port.Poll(untilNs == long.MaxValue ? untilNs : untilNs - _zeroNs, _answers);
    }

    /// <summary>Ends what is silent, and sends again what may be.</summary>
    private void EndOverdue(long nowNs)
    {
        var asked = false;
        while (_timers.TryTake(nowNs, out var index))
        {
            ref var slot = ref _slots[index];
            if (slot.SentNs != 0 && nowNs >= slot.DeadlineNs)
            {
                if (!asked)
                {
                    asked = true;
                    ReadLosses();
                }

                var outcome = Outcome(ref slot,
                    slot.SentNs <= _lossSeenNs ? CheckEnd.Late : slot.Question.SilenceIsUp ? CheckEnd.Answered : CheckEnd.TimedOut);
                End(index, in outcome);
                continue;
            }

            slot.Retransmits += slot.SentNs == 0 ? 0 : 1;
            slot.MetStale = false;
            Write(ref slot);
        }
    }

    /// <summary>Answers may have been among the packets that this host lost: silence of what was open then proves nothing.</summary>
    private void ReadLosses()
    {
        var losses = _port.ReadLosses().Packets;
        if (losses != _losses)
        {
            (_losses, _lossSeenNs) = (losses, NowNs);
        }
    }

    private void End(int index, in CheckOutcome outcome)
    {
        _slots.Release(index);
        _over.Add(in outcome);
    }

    private static CheckOutcome Outcome(ref RawSlot slot, CheckEnd end) =>
        CheckOutcome.Of(slot.Target, slot.Attempt, end, slot.StartedNs) with { SynRetransmits = slot.Retransmits };
}
