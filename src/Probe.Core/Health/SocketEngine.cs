using Probe.Core.Linux.Sockets;
using Probe.Core.Linux;
using Probe.Core.Vocabulary;
using static Probe.Core.Linux.WaitConstants;

namespace Probe.Core.Health;

/// <summary>
/// Checks by kernel sockets, one per check: <see cref="CheckKind.Syn"/> and <see cref="CheckKind.Connect"/>. Belongs to the thread and the
/// network namespace in which it is used. What it promises: a socket is closed as soon as its event was seen, so that the ACK of the
/// handshake stays unsent; answers come before timeouts; a target is never blamed for a hold-up of this process; and no check gets another
/// one's answer.
/// </summary>
public sealed partial class SocketEngine : ICheckEngine
{
    // Few at a time: the last of a batch waits for the closing of those before it, about 10 µs each.
    private const int Batch = 32;

    private const ulong WakeTag = ulong.MaxValue;

    // While checks are being begun, what has arrived is looked at this often.
    private const long LookEveryNs = 250_000;

    // A wait is cut into pieces, or a hold-up within a long one would not show.
    private const long LongestWaitNs = 20_000_000;

    // How long a limit that was met is believed.
    private const long NoRoomNs = 1_000_000_000;

    private readonly TcpProbeOptions _halfOpen;
    private readonly TcpProbeOptions _full;
    private readonly int _scope;
    private readonly Epoll _epoll = new();
    private readonly WakeEvent _wake = new();
    private readonly epoll_event[] _events = new epoll_event[Batch];
    private readonly CheckSlots _slots;
    private readonly TimerWheel _timers;
    private readonly OutcomeQueue _over;
    private readonly HoldUps _holdUps = new();
    private readonly int _limit;
    private long _lookedNs;
    private int _room;
    private long _roomUntilNs;
    private bool _woken;

    /// <summary>Makes room for the checks in flight, as far as the limit of open files goes.</summary>
    /// <exception cref="LinuxException">An option is not allowed to this process.</exception>
    public SocketEngine(SocketEngineOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.InFlight, 1);
        _halfOpen = new(halfOpen: true, options.Source, options.Interface, options.Mark ?? 0, options.TrafficClass, options.Ports);
        _full = new(halfOpen: false, options.Source, options.Interface, options.Mark ?? 0, options.TrafficClass, options.Ports);
        _scope = options.Interface is null ? 0 : Interfaces.IndexOrZero(options.Interface);
        _limit = (int)Math.Clamp(MakeDescriptorRoom(), 1, options.InFlight);
        _room = _limit;
        _slots = new CheckSlots(_limit);
        _timers = new TimerWheel(_limit);
        _over = new OutcomeQueue(_limit);
        if (_epoll.TryAdd(_wake.Descriptor.Number, EPOLLIN, WakeTag) is var errno and not 0)
        {
            throw new LinuxException(errno, "watch an event descriptor");
        }
    }

    /// <summary>
    /// Raises the limit of open files as far as it goes; returns how many more sockets it then allows, a reserve for everything else taken
    /// off.
    /// </summary>
    public static long MakeDescriptorRoom()
    {
        const int Reserve = 64;
        return ResourceLimits.RaiseOpenFiles() - ResourceLimits.OpenFiles - Reserve;
    }

    /// <inheritdoc/>
    public long NowNs => Clock.Monotonic;

    /// <inheritdoc/>
    public bool Carries(CheckKind kind, bool tunnelled) => kind is CheckKind.Syn or CheckKind.Connect && !tunnelled;

    /// <inheritdoc/>
    public int InFlight => _slots.Used + _over.Count;

    /// <summary>
    /// Most checks that may be in flight; for a second no more than there are, once this process or the host has run out of descriptors.
    /// </summary>
    public int Capacity => Math.Min(_limit, _room + _over.Count);

    /// <summary>
    /// The longest that this engine did not look at what has arrived while checks were in flight, nanoseconds; below 1 ms is 0.
    /// </summary>
    public long LongestHoldUpNs => _holdUps.LongestNs;

    /// <inheritdoc/>
    public bool TryStart(CheckTarget target, int attempt)
    {
        ArgumentNullException.ThrowIfNull(target);
        var now = Clock.Monotonic;
        if (_slots.Used == 0)
        {
            _lookedNs = now;
        }
        else if (now - _lookedNs > LookEveryNs)
        {
            Look();
        }

        if (_room < _limit && now > _roomUntilNs)
        {
            _room = _limit;
        }

        return InFlight < Capacity && TryStart(target, attempt, now);
    }

    /// <inheritdoc/>
    public void Poll(long untilNs, ICheckSink sink)
    {
        ArgumentNullException.ThrowIfNull(sink);
        if (_slots.Used == 0)
        {
            _lookedNs = Clock.Monotonic;
        }

        // Ten thousand times a second, a system call more is a tenth of the work: what is there already ends the wait at once.
        do
        {
            if (Collect(_over.Count > 0 || _woken ? 0 : WaitNs(untilNs)) == Batch || _timers.HasDue(_lookedNs))
            {
                Look();
            }
        }
        while (_over.Count == 0 && !_woken && _lookedNs < untilNs);

        _woken = false;
        for (var left = _over.Count; left > 0 && _over.TryTake(out var outcome); left--)
        {
            sink.Done(in outcome);
            if (Clock.Monotonic - _lookedNs > LookEveryNs)
            {
                Look();
            }
        }
    }

    /// <inheritdoc/>
    public void Wake() => _wake.Set();

    /// <inheritdoc/>
    public void Dispose()
    {
        for (var slot = 0; slot < _limit; slot++)
        {
            if (_slots[slot].Descriptor != 0)
            {
                TcpProbeSocket.Close(_slots[slot].Descriptor);
                _slots.Release(slot);
            }
        }

        _epoll.Dispose();
        _wake.Dispose();
    }

    private bool TryStart(CheckTarget target, int attempt, long now)
    {
        var halfOpen = target.Kind switch
        {
            CheckKind.Syn => true,
            CheckKind.Connect => false,
            _ => throw new NotSupportedException($"this engine carries no {target.Kind} checks"),
        };
        var index = _slots.Take();
        ref var slot = ref _slots[index];
        slot.Target = target.Index;
        slot.Attempt = attempt;
        slot.StartedNs = now;
        slot.TimeoutNs = target.TimeoutNs;
        slot.HalfOpen = halfOpen;
        var errno =
            TcpProbeSocket.Open(halfOpen ? _halfOpen : _full, target.Address.IsV6, SynRetransmits(target.TimeoutNs), out slot.Descriptor);
        if (errno is Errno.EMFILE or Errno.ENFILE && _slots.Used > 1)
        {
            // The check is not lost: its turn comes when one of those in flight is over.
            _slots.Release(index);
            (_room, _roomUntilNs) = (_slots.Used, now + NoRoomNs);
            return false;
        }

        if (errno == 0)
        {
            // Watched only after connect: before, the socket would count as hung up. An answer that came meanwhile is an event all the
            // same.
            errno = TcpProbeSocket.Connect(slot.Descriptor, new SocketAddress(target.Address, target.Port, _scope));
            if (errno == 0)
            {
                errno = _epoll.TryAdd(slot.Descriptor, EPOLLOUT, _slots.Tag(index));
            }

            if (errno != 0)
            {
                TcpProbeSocket.Close(slot.Descriptor);
            }
        }

        if (errno != 0)
        {
            _over.Add(Outcome(ref slot, CheckEnd.Failed) with { Errno = errno, Synchronous = true });
            _slots.Release(index);
            return true;
        }

        _timers.Add(index, now + target.TimeoutNs);
        return true;
    }

    /// <summary>
    /// A host may be set to give up earlier than the check does (net.ipv4.tcp_syn_retries). The kernel sends a SYN again no sooner than
    /// every second (tcp_syn_linear_timeouts), so one more than the timeout has seconds is enough.
    /// </summary>
    private static int SynRetransmits(long timeoutNs) => timeoutNs < 1_000_000_000 ? 0 : (int)Math.Min(timeoutNs / 1_000_000_000 + 1, 127);

    private long WaitNs(long untilNs)
    {
        if (_slots.Used == 0 && untilNs == long.MaxValue)
        {
            return long.MaxValue;
        }

        var now = Clock.Monotonic;
        return Math.Max((_slots.Used == 0 ? untilNs : _timers.NextNs(Math.Min(untilNs, now + LongestWaitNs))) - now, 0);
    }

    /// <summary>
    /// Takes everything that has arrived, then whatever is overdue: nothing can time out whose answer was there when its time was over.
    /// </summary>
    private void Look()
    {
        int count;
        do
        {
            count = Collect(0);
        }
        while (count == Batch);

        while (_timers.TryTake(_lookedNs, out var slot))
        {
            Settle(slot, overdue: true);
        }
    }

    /// <summary>
    /// Waits for events and ends their checks. Afterwards, nothing that had arrived at <see cref="_lookedNs"/> is unseen unless the batch
    /// was full.
    /// </summary>
    private int Collect(long waitNs)
    {
        var before = Clock.Monotonic;
        _holdUps.Note(_lookedNs, before);
        var count = _epoll.Wait(_events, waitNs);
        _lookedNs = before;
        if (waitNs != 0)
        {
            var planned = waitNs == long.MaxValue ? long.MaxValue : before + waitNs;
            _lookedNs = Clock.Monotonic;
            if (_slots.Used != 0)
            {
                _holdUps.Note(planned, _lookedNs);
            }
        }

        foreach (ref readonly var one in _events.AsSpan(0, count))
        {
            if (one.data == WakeTag)
            {
                _wake.Clear();
                _woken = true;
            }
            else if (_slots.TryFind(one.data, out var slot))
            {
                Settle(slot, overdue: false);
            }
        }

        return count;
    }
}
