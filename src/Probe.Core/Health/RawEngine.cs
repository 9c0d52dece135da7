using Probe.Core.Host;
using Probe.Core.Linux.Sockets;
using Probe.Core.Linux;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;
using Probe.Core.Wire;

namespace Probe.Core.Health;

/// <summary>
/// Half-open checks (<see cref="CheckKind.Syn"/>) by SYNs of our own making: no socket a check, and the kernel itself resets what answers, because
/// the port is bound and does not listen. Belongs to the thread and the network namespace in which it is used. What it promises: the ports are no
/// other program's; sequence numbers are keyed, so that nobody can answer who has not seen the SYN; the time of an answer is when the kernel
/// received it, so that a hold-up of this process is nobody's fault; and silence counts only when this host lost no packet meanwhile.
/// </summary>
public sealed partial class RawEngine : ICheckEngine
{
    /// <summary>Most octets that encapsulations may add to a check: beside the largest SYN they leave room for, in packets of 1,500.</summary>
    public const int MostOverhead = 1500 - 80;

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
    private readonly ProbeWriter _writer;
    private readonly RawSources _sources;
    private readonly RawPorts _ports;
    private readonly byte _dscp;
    private readonly uint _flowLabel;
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
    internal RawEngine(IPacketPort port, RawEngineOptions options, RawSources sources, RawPorts ports, long zeroNs, params IReadOnlyList<IDisposable> owned)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.InFlight, 1);
        (_port, _sources, _ports, _zeroNs, _owned) = (port, sources, ports, zeroNs, owned);
        _dscp = (byte)(options.TrafficClass >> 2);
        _flowLabel = Flow.RandomLabel();
        _cookies = new ProbeCookies();
        _writer = new ProbeWriter(_cookies);
        _answers = new Answers(this);
        _slots = new RawSlots(options.InFlight);
        _timers = new TimerWheel(options.InFlight);
        _over = new OutcomeQueue(options.InFlight);
        _losses = port.ReadLosses().Packets;
    }

    /// <inheritdoc/>
    public long NowNs => _zeroNs + _port.NowNs;

    /// <inheritdoc/>
    public bool Carries(CheckKind kind, bool tunnelled) => kind == CheckKind.Syn;

    /// <inheritdoc/>
    public int InFlight => _slots.Used + _over.Count;

    /// <inheritdoc/>
    public int Capacity => _slots.Capacity;

    /// <summary>Opens the sockets and holds the ports; sends nothing yet. A host without IPv6 gets sockets for IPv4 alone.</summary>
    /// <exception cref="LinuxException">No CAP_NET_RAW, no such interface, a foreign source address, no port left.</exception>
    public static RawEngine Open(RawEngineOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        try
        {
            return Open(options, v4: !options.Source.IsV6, v6: !options.Source.IsV4);
        }
        catch (LinuxException e) when (e.Errno == Errno.EAFNOSUPPORT && options.Source.IsNone)
        {
            return Open(options, v4: true, v6: false);
        }
    }

    /// <summary>
    /// Asks once for every way into a tunnel, so that what the caller left out is said before the run and in full. A route that is missing may come
    /// back: it is for the checks to tell.
    /// </summary>
    /// <exception cref="LinuxException">No source address for a packet, no MAC address for a frame.</exception>
    public static void RequireTunnels(RawEngineOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        foreach (var target in options.Tunnelled.DistinctBy(target => (target.Via, target.Address)))
        {
            if (Obstacle(target) is { Errno: Errno.EDESTADDRREQ or Errno.EADDRNOTAVAIL } missing)
            {
                throw missing;
            }
        }

        LinuxException? Obstacle(CheckTarget target)
        {
            try
            {
                WayInto(target, options);
                return null;
            }
            catch (LinuxException e)
            {
                return e;
            }
        }
    }

    /// <inheritdoc/>
    public bool TryStart(CheckTarget target, int attempt)
    {
        ArgumentNullException.ThrowIfNull(target);
        if (target.Kind != CheckKind.Syn)
        {
            throw new NotSupportedException($"this engine carries no {target.Kind} checks");
        }

        if (InFlight >= Capacity)
        {
            return false;
        }

        var now = NowNs;
        var localPort = _ports.For(target, attempt);
        var source = default(RawSource);
        var errno = localPort == 0 ? Errno.EAFNOSUPPORT : _sources.Find(target, now, out source);
        if (errno != 0)
        {
            _over.Add(CheckOutcome.Of(target.Index, attempt, CheckEnd.Failed, now) with { Errno = errno, Synchronous = true });
            return true;
        }

        var index = _slots.Take();
        ref var slot = ref _slots[index];
        (slot.Target, slot.Attempt, slot.Address, slot.Port) = (target.Index, attempt, target.Address, target.Port);
        (slot.Source, slot.LocalPort, slot.Via) = (source.Address, localPort, source.Via);
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

    private static RawEngine Open(RawEngineOptions options, bool v4, bool v6)
    {
        var owned = new List<IDisposable>();
        try
        {
            var ports = RawPorts.Hold(options, v4, v6, owned);
            var chooser = new SourceChooser(options.Source, options.Interface, options.Mark);
            owned.Add(chooser);
            var sources = new RawSources(chooser.TryChoose, target => WayInto(target, options));
            var ends = options.Tunnelled.SelectMany(target => target.Via.Layers).Select(layer => layer.Remote).ToHashSet();
            var port = new RawPacketPort(new RawPortOptions
            {
                // The source is that of the packet inside; what it wears may be of the other family.
                IPv4 = v4 || (options.Source.IsV6 && ends.Any(end => end.IsV4)),
                IPv6 = v6 || (options.Source.IsV4 && ends.Any(end => end.IsV6)),
                Protocol = ProbeProtocol.Tcp,
                LocalPorts = ports.All,
                Interface = options.Interface,
                Mark = MarkOf(options),
                LocalTargets = [.. options.Tunnelled.Select(target => target.Address).Distinct().Where(HostRoutes.IsOwn)],
                ReceiveBuffer = RawPortOptions.LargeBuffer,
                TransmitStamps = options.TransmitStamps,
            });
            owned.Add(port);
            port.WarmUp();
            return new RawEngine(port, options, sources, ports, port.StartedMonotonicNs, owned);
        }
        catch
        {
            owned.ForEach(one => one.Dispose());
            throw;
        }
    }

    private static TunnelRoute WayInto(CheckTarget target, RawEngineOptions options) =>
        TunnelRoute.Make(target.Via, target.Address, options.Source, options.Interface, MarkOf(options));

    private static uint? MarkOf(RawEngineOptions options) => options.Mark == 0 ? null : options.Mark;

    private ProbePacket PacketOf(ref RawSlot slot)
    {
        var isV6 = slot.Address.IsV6;
        return new ProbePacket
        {
            Number = slot.Number,
            Source = slot.Source,
            Target = slot.Address,
            Protocol = ProbeProtocol.Tcp,
            Flow = new Flow(1, slot.LocalPort, slot.Port, 0, isV6 ? _flowLabel : 0),
            Ttl = TimeToLive,
            Size = ProbeWriter.DefaultSize(isV6),
            Dscp = _dscp,
            DontFragment = true,
            Via = slot.Via,
        };
    }

    private void Write(ref RawSlot slot)
    {
        var packet = _batch.Room;
        var length = _writer.Write(PacketOf(ref slot), packet[slot.Via.Overhead..]);
        _batch.Add(Wrap(slot.Via, _cookies.IpId(slot.Number), packet, length), slot.Number);
        if (_batch.Count == SendBatch.Capacity)
        {
            Send();
        }
    }

    /// <summary>Sends what was written, and what is owed to servers behind tunnels.</summary>
    private void Flush()
    {
        while (_resets.TryDequeue(out var reset))
        {
            Write(in reset);
            if (_batch.Count == SendBatch.Capacity)
            {
                Send();
            }
        }

        Send();
    }

    private void Send()
    {
        var count = _batch.Count;
        if (count == 0)
        {
            return;
        }

        var before = NowNs;
        _port.Send(_batch);
        var after = NowNs;
        for (var i = 0; i < count; i++)
        {
            if (_slots.TryFind(_batch.Number(i), out var index))
            {
                // One after the other, so each a little later; none left later than now.
                Sent(index, _batch.Status(i), _batch.Error(i), before + (after - before) * i / count, after);
            }
        }

        _batch.Clear();
        if ((_unseen += count) >= LookEvery)
        {
            Look(after);
        }
    }

    private void Sent(int index, SendStatus status, int errno, long atNs, long latestNs)
    {
        ref var slot = ref _slots[index];
        switch (status)
        {
            case SendStatus.Sent when slot.SentNs == 0:
                slot.SentNs = atNs;
                slot.DeadlineNs = latestNs + slot.TimeoutNs;
                goto case SendStatus.Sent;
            case SendStatus.Sent:
                _timers.Add(index, latestNs + SendAgainNs is var again && again < slot.DeadlineNs ? again : slot.DeadlineNs + QueuedWithinNs);
                break;
            case SendStatus.Busy when latestNs - slot.StartedNs < slot.TimeoutNs:
                _timers.Add(index, latestNs + BusyNs);
                break;
            default:
                // The way there is asked for anew next time.
                _sources.Forget(slot.Target);
                var outcome = Outcome(ref slot, CheckEnd.Failed) with { Errno = errno != 0 ? errno : ErrnoOf(status), Synchronous = true };
                End(index, in outcome);
                break;
        }
    }

    private static int ErrnoOf(SendStatus status) => status switch
    {
        SendStatus.Busy => Errno.ENOBUFS,
        SendStatus.TooBig => Errno.EMSGSIZE,
        SendStatus.LocalRule => Errno.EPERM,
        _ => Errno.ENETUNREACH,
    };

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

                var outcome = Outcome(ref slot, slot.SentNs <= _lossSeenNs ? CheckEnd.Late : CheckEnd.TimedOut);
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
