using System.Runtime.InteropServices;
using Probe.Core.Evidence;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;

namespace Probe.Core.Tracing;

/// <summary>
/// The sweep over TTL, flow by flow and cycle by cycle. No answer but the target's own ends it: a router that says
/// frag-needed, unreachable or resets is a hop like any other.
/// </summary>
public sealed class Tracer : TraceSweep
{
    private const int RoundsBeforeTargetIsForgotten = 3;

    private readonly List<TraceRound> _rounds = [];
    private IReadOnlyList<int> _flows;
    private long _startNs = -1;
    private long _nextRound;
    private bool _oneAtATime;

    /// <summary>Makes a tracer.</summary>
    /// <param name="options">What to ask.</param>
    /// <param name="numbers">Hands out run-wide numbers.</param>
    public Tracer(TraceOptions options, ProbeNumbers numbers)
        : base(options, numbers)
    {
        ArgumentOutOfRangeException.ThrowIfZero(options.Flows.Count);
        _flows = [.. Enumerable.Range(0, options.Flows.Count)];
    }

    /// <summary>
    /// Makes a tracer that goes on where a search has ended: it keeps probing the flows that together meet all that was found.
    /// </summary>
    /// <param name="options">What to ask; its flows are of no use here.</param>
    /// <param name="search">The search; not to be stepped any more.</param>
    public Tracer(TraceOptions options, MultipathTracer search)
        : this(options, search, FlowCover.Of(search.State))
    {
    }

    private Tracer(TraceOptions options, MultipathTracer search, IReadOnlyList<int> flows)
        : base(options with { Flows = [.. flows.Select(flow => search.State.Flows[flow].Flow)] }, search)
    {
        _flows = flows;
        Multipath = search.Multipath;
    }

    /// <summary>Cycles begun.</summary>
    public long Cycles => (_nextRound + _flows.Count - 1) / _flows.Count;

    /// <inheritdoc/>
    public override MultipathEvidence? Multipath { get; }

    /// <summary>Indices of the flows that are probed, among all that were seen.</summary>
    public IReadOnlyList<int> Flows => _flows;

    private long TotalRounds => Options.Cycles == int.MaxValue ? long.MaxValue : (long)Options.Cycles * _flows.Count;

    /// <inheritdoc/>
    public override long Step(long nowNs, ReadOnlySpan<Reply> replies, List<ProbePacket> send)
    {
        if (_startNs < 0)
        {
            _startNs = nowNs;
        }

        _oneAtATime = Options.OneAtATime?.Invoke() ?? false;
        foreach (ref readonly var reply in replies)
        {
            if (Take(reply, out var probe, out var byTarget))
            {
                probe.Round!.Answered(probe.Ttl, byTarget || TunnelRefusal.Is(reply, Options.SweepsOuter));
            }
        }

        Expire(nowNs);
        if (State.SendError is not null)
        {
            return ISweep.Done;
        }

        var heldUntilNs = long.MaxValue;
        if (!IsPaused)
        {
            StartRounds(nowNs);
            foreach (var round in _rounds)
            {
                heldUntilNs = Math.Min(heldUntilNs, Send(round, nowNs, send));
            }
        }

        CloseRounds();
        if (_rounds.Count == 0 && _nextRound >= TotalRounds)
        {
            return ISweep.Done;
        }

        return IsPaused ? Math.Min(nowNs + SecondNs, NextExpiryNs) : NextDeadline(nowNs, heldUntilNs);
    }

    /// <summary>Goes on where a pause began: the cycles that it took are not caught up.</summary>
    public override void Resume(long nowNs)
    {
        _startNs += PausedAtNs is { } since ? nowNs - since : 0;
        base.Resume(nowNs);
    }

    /// <summary>
    /// Forgets everything seen and counts cycles from 0. The ceilings hold on and the next cycle begins when it would have, so that
    /// nobody can send more by resetting often; what is under way counts no more.
    /// </summary>
    public void Reset()
    {
        _startNs = RoundStartNs(_nextRound);
        _nextRound = 0;
        _rounds.Clear();
        Forget();
        _flows = [.. Enumerable.Range(0, State.Flows.Count)];
    }

    /// <inheritdoc/>
    public override void NotSent(in ProbePacket probe, SendStatus status)
    {
        if (!TryWithdraw(probe.Number, out var pending))
        {
            return;
        }

        if (status == SendStatus.Busy)
        {
            pending.Round!.TakeBack(pending.Ttl);
            State.TakeBack(probe.Number);
            BusyUntilNs = pending.SentNs + ISweep.BusyRetryNs;
            return;
        }

        State.NotSent(status);
        pending.Round!.TimedOut(pending.Ttl);
    }

    private protected override void TimedOut(int number, in InFlight probe) => probe.Round!.TimedOut(probe.Ttl);

    private void StartRounds(long nowNs)
    {
        for (; _nextRound < TotalRounds && RoundStartNs(_nextRound) <= nowNs; _nextRound++)
        {
            var flow = _flows[(int)(_nextRound % _flows.Count)];
            if (_oneAtATime && _rounds.Exists(round => round.Flow == flow))
            {
                return;
            }

            _rounds.Add(
                new TraceRound(flow, Options.FirstTtl, Options.MaxTtl, ExpectedTtl(flow), isFirst: _nextRound < Options.Flows.Count));
        }
    }

    /// <summary>
    /// A flow that has not met the target yet is expected to where others did: one that throttles its answers would be searched for to the
    /// last TTL.
    /// </summary>
    private int ExpectedTtl(int flow) =>
        State.Flows[flow].ExpectedTtl is > 0 and var own ? own : State.Flows.Max(other => other.ExpectedTtl);

    /// <summary>
    /// Where one probe at a time is under way, one that is given up too early is lost: as long as round-trip times are not known it may
    /// take all its time.
    /// </summary>
    private long QuietFor(TraceRound round) =>
        _oneAtATime && round is { IsFirst: true, IsSilentLately: false } ? Options.TimeoutNs : QuietNs;

    private long RoundStartNs(long round)
    {
        var (cycle, flow) = Math.DivRem(round, _flows.Count);
        return _startNs + cycle * Options.IntervalNs + flow * (Options.IntervalNs / _flows.Count);
    }

    /// <summary>Sends what the round's window and the ceilings allow; returns until when a ceiling holds it, or long.MaxValue.</summary>
    private long Send(TraceRound round, long nowNs, List<ProbePacket> send)
    {
        while (round.MaySend(nowNs, QuietFor(round), _oneAtATime))
        {
            var ttl = round.NextTtl;
            var earliest = EarliestNs(ttl);
            if (earliest > nowNs)
            {
                return earliest;
            }

            Send(round.Flow, ttl, nowNs, send, round);
            round.Sent(nowNs);
        }

        return long.MaxValue;
    }

    private void CloseRounds()
    {
        for (var i = _rounds.Count - 1; i >= 0; i--)
        {
            if (_rounds[i].IsComplete)
            {
                State.Flows[_rounds[i].Flow].RoundEnded(_rounds[i].Reached, RoundsBeforeTargetIsForgotten);
                _rounds.RemoveAt(i);
            }
        }
    }

    private long NextDeadline(long nowNs, long heldUntilNs)
    {
        var next = heldUntilNs;
        if (_nextRound < TotalRounds && RoundStartNs(_nextRound) is var start && !(_oneAtATime && start <= nowNs && _rounds.Count > 0))
        {
            next = Math.Min(next, start);
        }

        next = Math.Min(next, NextExpiryNs);
        foreach (var round in CollectionsMarshal.AsSpan(_rounds))
        {
            next = Math.Min(next, round.WindowOpensNs(nowNs, QuietFor(round), _oneAtATime));
        }

        // A probe that could not be sent left no entry to wait for.
        return next == ISweep.Done ? nowNs + ISweep.BusyRetryNs : next;
    }
}
