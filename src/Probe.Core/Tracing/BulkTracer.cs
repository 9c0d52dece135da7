using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;

namespace Probe.Core.Tracing;

/// <summary>
/// Sweeps many targets at once. What is to be sent next is drawn at random among all TTLs of all targets under way, so that no router
/// on a shared path gets a burst; a target that has answered is asked nothing beyond itself.
/// </summary>
public sealed class BulkTracer : ISweep
{
    private const long SecondNs = 1_000_000_000;

    // The ceiling of one (target, TTL) is 50 a second.
    private const long LeastIntervalNs = 20_000_000;

    // Probes of one step leave together, and late by as much; answers read late are not late.
    private const int MostAtOnce = 256;
    private const long LatenessNs = 10_000_000;

    // What a wait that ended late may catch up.
    private const long CatchUpNs = 10_000_000;
    private const int LeastQueued = 128;
    private const int MostQueued = 8192;

    private readonly BulkOptions _options;
    private readonly IBulkTargets _targets;
    private readonly ProbeNumbers _numbers;
    private readonly List<BulkSlot> _slots = [];
    private readonly Stack<BulkSlot> _free = new();
    private readonly PriorityQueue<BulkSlot, long> _resting = new();
    private readonly List<(int Slot, int Ttl)> _queued = [];
    private readonly PendingRing _pending = new();
    private readonly SlidingWindow _perSecond;
    private readonly long _gapNs;
    private readonly int _wantQueued;
    private ulong _random;
    private long _paceNs = long.MinValue;
    private long _busyUntilNs = long.MinValue;
    private long _largestRttNs;
    private FeedStatus _feed = FeedStatus.Ready;

    /// <summary>Makes a sweep.</summary>
    /// <param name="options">What to ask.</param>
    /// <param name="targets">Where the targets come from and the traces go to.</param>
    /// <param name="numbers">Hands out run-wide numbers; nobody else takes any meanwhile.</param>
    public BulkTracer(BulkOptions options, IBulkTargets targets, ProbeNumbers numbers)
    {
        _options = options;
        _targets = targets;
        _numbers = numbers;
        _random = options.Seed;
        _perSecond = new SlidingWindow(options.MaxPerSecond, SecondNs);
        _gapNs = IsUnlimited ? 0 : SecondNs / options.MaxPerSecond;

        // Enough to draw from, and no more than half a second's worth: a probe that is not drawn for long delays its target.
        _wantQueued = IsUnlimited ? MostQueued : Math.Clamp(options.MaxPerSecond / 2, LeastQueued, MostQueued);
    }

    /// <summary>Probes sent so far.</summary>
    public long ProbesSent { get; private set; }

    /// <summary>Probes answered so far.</summary>
    public long ProbesAnswered { get; private set; }

    /// <summary>Targets under way.</summary>
    public int InFlight => _slots.Count - _free.Count;

    private bool IsUnlimited => _options.MaxPerSecond == int.MaxValue;

    private bool HasRoom => InFlight < _options.InFlight && _queued.Count < _wantQueued;

    private long QuietNs => Math.Min(QuietTime.After(_largestRttNs), _options.TimeoutNs);

    /// <inheritdoc/>
    public long Step(long nowNs, ReadOnlySpan<Reply> replies, List<ProbePacket> send)
    {
        ArgumentNullException.ThrowIfNull(send);
        foreach (ref readonly var reply in replies)
        {
            Take(reply, nowNs);
        }

        Expire(nowNs);
        while (_resting.TryPeek(out var slot, out var startNs) && startNs <= nowNs)
        {
            _resting.Dequeue();
            slot.BeginCycle(nowNs);
            Fill(slot);
        }

        Admit(nowNs);
        var earliestNs = SendQueued(nowNs, send);
        if (InFlight == 0 && _feed == FeedStatus.Ended)
        {
            return ISweep.Done;
        }

        if (_feed == FeedStatus.Ready && HasRoom)
        {
            return nowNs;
        }

        var next = Math.Min(earliestNs, nowNs + SecondNs);
        next = Math.Min(next, _pending.NextExpiryNs(_options.TimeoutNs + LatenessNs));
        next = Math.Min(next, _pending.NextQuietNs(QuietNs));
        return _resting.TryPeek(out _, out var restNs) ? Math.Min(next, restNs) : next;
    }

    /// <inheritdoc/>
    public void NotSent(in ProbePacket probe, SendStatus status)
    {
        ref var pending = ref _pending.At(probe.Number);
        var slot = _slots[pending.Slot];
        if (!pending.Waits || slot.Generation != pending.Generation || !slot.IsActive)
        {
            return;
        }

        pending.Waits = false;
        ProbesSent--;
        if (status == SendStatus.Busy)
        {
            slot.TakeBack(pending.Ttl);
            _queued.Add((slot.Place, pending.Ttl));
            _busyUntilNs = pending.SentNs + ISweep.BusyRetryNs;
            return;
        }

        slot.Refuse(pending.Ttl, status);
        Settle(slot, pending.SentNs);
    }

    /// <summary>Gives up what is under way and hands over what was seen of it.</summary>
    public void Stop()
    {
        foreach (var slot in _slots)
        {
            if (slot.IsActive)
            {
                Finish(slot, complete: false);
            }
        }
    }

    private void Take(in Reply reply, long nowNs)
    {
        if (!_pending.Holds(reply.Number) || reply.RttNs > _options.TimeoutNs)
        {
            return;
        }

        ref var pending = ref _pending.At(reply.Number);
        var slot = _slots[pending.Slot];
        if (slot.Generation != pending.Generation || !slot.IsActive)
        {
            return;
        }

        if (reply.Redirect)
        {
            slot.Keep(reply, pending.Ttl);
            return;
        }

        // One probe, two answers: an unreachable on the way and a reset from the target. The first one counts, either may be the target's.
        if (pending.Waits)
        {
            pending.Waits = false;
            ProbesAnswered++;
            slot.Keep(reply, pending.Ttl);
            _largestRttNs = reply.Ambiguous ? _largestRttNs : Math.Max(_largestRttNs, reply.RttNs);
        }

        slot.Answered(pending.Ttl, TargetReply.Is(reply, slot.Target.Address));
        if (TunnelRefusal.Is(reply, _options.SweepsOuter))
        {
            slot.RefusedByTunnel(pending.Ttl);
        }

        Settle(slot, nowNs);
    }

    private void Expire(long nowNs)
    {
        var quietNs = QuietNs;
        while (_pending.TryTakeQuiet(nowNs - quietNs, out var number))
        {
            ref var pending = ref _pending.At(number);
            if (pending.Waits && _slots[pending.Slot] is { IsActive: true } slot && slot.Generation == pending.Generation)
            {
                slot.Quiet(pending.Ttl);
                Fill(slot);
            }
        }

        while (_pending.TryTakeExpired(nowNs - _options.TimeoutNs - LatenessNs, out var number))
        {
            ref var pending = ref _pending.At(number);
            if (!pending.Waits || _slots[pending.Slot] is not { IsActive: true } slot || slot.Generation != pending.Generation)
            {
                continue;
            }

            pending.Waits = false;
            slot.TimedOut(pending.Ttl);
            Settle(slot, nowNs);
        }
    }

    private void Admit(long nowNs)
    {
        _feed = FeedStatus.Ready;
        while (HasRoom)
        {
            _feed = _targets.TryTake(out var target);
            if (_feed != FeedStatus.Ready)
            {
                return;
            }

            if (!_free.TryPop(out var slot))
            {
                slot = new BulkSlot(_options, _slots.Count);
                _slots.Add(slot);
            }

            slot.Begin(target);
            slot.BeginCycle(nowNs);
            Fill(slot);
        }
    }

    /// <summary>Queues what the window of a target has opened.</summary>
    private void Fill(BulkSlot slot)
    {
        for (var open = slot.Open; slot.Next <= open;)
        {
            _queued.Add((slot.Place, slot.Queue()));
        }
    }

    /// <summary>Something about a target has changed.</summary>
    private void Settle(BulkSlot slot, long nowNs)
    {
        Fill(slot);
        if (slot.IsResting || !slot.IsComplete || AskAgain(slot))
        {
            return;
        }

        if (slot.Error is null && slot.Cycles < _options.Cycles)
        {
            _resting.Enqueue(slot, Math.Max(slot.CycleStartNs + Math.Max(_options.IntervalNs, IsUnlimited ? 0 : LeastIntervalNs), nowNs));
            slot.Rest();
            return;
        }

        Finish(slot, complete: true);
    }

    private bool AskAgain(BulkSlot slot)
    {
        var any = false;
        for (var ttl = _options.FirstTtl; ttl <= slot.Last; ttl++)
        {
            if (slot.TryAgain(ttl))
            {
                _queued.Add((slot.Place, ttl));
                any = true;
            }
        }

        return any;
    }

    private void Finish(BulkSlot slot, bool complete)
    {
        _targets.Finished(new BulkTrace(_options, slot, complete));
        slot.End();
        _free.Push(slot);
    }

    /// <summary>Sends what the ceilings allow; returns when more may be sent, or long.MaxValue.</summary>
    private long SendQueued(long nowNs, List<ProbePacket> send)
    {
        for (var sent = 0; _queued.Count > 0;)
        {
            var earliest = Math.Max(_busyUntilNs, Math.Max(_perSecond.NextNs, _paceNs));
            if (earliest > nowNs)
            {
                return earliest;
            }

            if (sent == MostAtOnce)
            {
                return nowNs;
            }

            var (slot, ttl) = Draw();
            if (slot.IsActive && ttl <= slot.Last && slot.At(ttl).State == BulkSlot.ProbeState.Queued)
            {
                Send(slot, ttl, nowNs, send);
                sent++;
            }
        }

        return long.MaxValue;
    }

    private (BulkSlot Slot, int Ttl) Draw()
    {
        var place = (int)(((SplitMix.Next(ref _random) >> 32) * (ulong)_queued.Count) >> 32);
        var (slot, ttl) = _queued[place];
        _queued[place] = _queued[^1];
        _queued.RemoveAt(_queued.Count - 1);
        return (_slots[slot], ttl);
    }

    private void Send(BulkSlot slot, int ttl, long nowNs, List<ProbePacket> send)
    {
        var number = _numbers.Next();
        _perSecond.Add(nowNs);
        _paceNs = Math.Max(_paceNs, nowNs - CatchUpNs) + _gapNs;
        _pending.Add(number, slot, ttl, nowNs);
        slot.Left(ttl);
        ProbesSent++;
        send.Add(new ProbePacket
        {
            Number = number,
            Source = slot.Target.Source,
            Target = slot.Target.Address,
            Protocol = _options.Protocol,
            Flow = slot.Target.Flow,
            Ttl = _options.SweepsOuter ? EncapsulationWriter.DefaultTtl : (byte)ttl,
            OuterTtl = _options.SweepsOuter ? (byte)ttl : (byte)0,
            Size = _options.SizeFor(slot.Target.Address),
            Dscp = _options.Dscp,
            DontFragment = true,
            Via = slot.Target.Via,
        });
    }
}
