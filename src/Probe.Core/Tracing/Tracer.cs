using System.Runtime.InteropServices;
using Probe.Core.Packets;
using Probe.Core.Probing;

namespace Probe.Core.Tracing;

/// <summary>
/// The sweep over TTL, flow by flow and cycle by cycle. No answer but the target's own ends it: a router that says
/// frag-needed, unreachable or resets is a hop like any other.
/// </summary>
public sealed class Tracer : ISweep
{
    private const long SecondNs = 1_000_000_000;
    private const long LeastQuietNs = 100_000_000;
    private const long BusyRetryNs = 1_000_000;
    private const int RoundsBeforeTargetIsForgotten = 3;

    private readonly TraceOptions _options;
    private readonly ProbeNumbers _numbers;
    private readonly Dictionary<int, Pending> _pending = [];
    private readonly Queue<int> _order = new();
    private readonly List<TraceRound> _rounds = [];
    private readonly SlidingWindow _perSecond;
    private readonly SlidingWindow[] _perTtl;
    private readonly HashSet<IpAddress> _addresses = [];
    private readonly Queue<IpAddress> _newAddresses = new();
    private long _startNs = -1;
    private long _nextRound;
    private long _largestRttNs;
    private long _busyUntilNs = long.MinValue;
    private long? _pausedAtNs;

    /// <summary>Makes a tracer.</summary>
    /// <param name="options">What to ask.</param>
    /// <param name="numbers">Hands out run-wide numbers.</param>
    public Tracer(TraceOptions options, ProbeNumbers numbers)
    {
        ArgumentOutOfRangeException.ThrowIfZero(options.Flows.Count);
        _options = options;
        _numbers = numbers;
        _perSecond = new SlidingWindow(options.MaxPerSecond, SecondNs);
        _perTtl = new SlidingWindow[options.MaxTtl + 1];
        for (var ttl = 0; ttl < _perTtl.Length; ttl++)
        {
            _perTtl[ttl] = new SlidingWindow(options.MaxPerTtlIn10Seconds, 10 * SecondNs);
        }

        State = new TraceState(options);
    }

    /// <summary>Probes sent so far.</summary>
    public int ProbesSent => State.ProbesSent;

    /// <summary>Probes answered so far.</summary>
    public int ProbesAnswered { get; private set; }

    /// <summary>Probes that this host would not send.</summary>
    public int ProbesNotSent => State.ProbesNotSent;

    /// <summary>Why not even the first probe could be sent; null when it could.</summary>
    public SendStatus? SendError => State.SendError;

    /// <summary>Cycles begun.</summary>
    public long Cycles => (_nextRound + _options.Flows.Count - 1) / _options.Flows.Count;

    /// <summary>Nothing is sent until <see cref="Resume"/>.</summary>
    public bool IsPaused => _pausedAtNs is not null;

    /// <summary>Everything seen so far; another object after <see cref="Reset"/>.</summary>
    internal TraceState State { get; private set; }

    private long TotalRounds => _options.Cycles == int.MaxValue ? long.MaxValue : (long)_options.Cycles * _options.Flows.Count;

    private long QuietNs => Math.Max(3 * _largestRttNs, LeastQuietNs);

    /// <inheritdoc/>
    public long Step(long nowNs, ReadOnlySpan<Reply> replies, List<ProbePacket> send)
    {
        if (_startNs < 0)
        {
            _startNs = nowNs;
        }

        foreach (ref readonly var reply in replies)
        {
            Take(reply);
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

        return IsPaused ? NextExpiry(nowNs + SecondNs) : NextDeadline(nowNs, heldUntilNs);
    }

    /// <summary>Sends nothing more until <see cref="Resume"/>; answers to what is under way still count.</summary>
    public void Pause(long nowNs) => _pausedAtNs ??= nowNs;

    /// <summary>Goes on where <see cref="Pause"/> stopped: the cycles that the pause took are not caught up.</summary>
    public void Resume(long nowNs)
    {
        if (_pausedAtNs is { } since)
        {
            _startNs += nowNs - since;
            _pausedAtNs = null;
        }
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
        _pending.Clear();
        _order.Clear();
        ProbesAnswered = 0;
        State = new TraceState(_options) { HasSentBefore = State.HasSentBefore || State.ProbesSent > State.ProbesNotSent };
    }

    /// <summary>Takes one address that answered for the first time since the last call; for reverse names.</summary>
    public bool TryTakeNewAddress(out IpAddress address) => _newAddresses.TryDequeue(out address);

    /// <inheritdoc/>
    public void NotSent(in ProbePacket probe, SendStatus status)
    {
        if (!_pending.Remove(probe.Number, out var pending))
        {
            return;
        }

        if (status == SendStatus.Busy)
        {
            pending.Round.TakeBack(pending.Ttl);
            State.TakeBack(probe.Number, pending.Ttl);
            _busyUntilNs = pending.SentNs + BusyRetryNs;
            return;
        }

        State.NotSent(probe.Number, pending.Ttl, status);
        pending.Round.TimedOut(pending.Ttl);
    }

    private void Take(in Reply reply)
    {
        if (!_pending.TryGetValue(reply.Number, out var pending) || reply.RttNs > _options.TimeoutNs)
        {
            return;
        }

        var cell = State.Cell(pending.Flow, pending.Ttl);
        if (reply.Redirect)
        {
            if (!cell.Redirects.Contains(reply.From))
            {
                cell.Redirects.Add(reply.From);
            }

            return;
        }

        var byTarget = reply.From == _options.Target && reply.Kind != ReplyKind.TimeExceeded;
        if (byTarget)
        {
            State.Flows[pending.Flow].TargetAnswered(pending.Ttl);
        }

        pending.Round.Answered(pending.Ttl, byTarget);
        if (pending.Answered)
        {
            // One probe, two answers: an unreachable on the way and a reset from the target. The first one counts.
            return;
        }

        _pending[reply.Number] = pending with { Answered = true };
        cell.Sent++;
        cell.Received++;
        cell.NodeOf(reply.From).Add(reply);
        ProbesAnswered++;
        if (_addresses.Add(reply.From))
        {
            _newAddresses.Enqueue(reply.From);
        }

        State.Answered(reply, pending.Ttl);
        if (!reply.Ambiguous)
        {
            _largestRttNs = Math.Max(_largestRttNs, reply.RttNs);
        }
    }

    private void Expire(long nowNs)
    {
        while (_order.TryPeek(out var number))
        {
            if (_pending.TryGetValue(number, out var pending))
            {
                // An answer may take the whole timeout.
                if (pending.SentNs + _options.TimeoutNs >= nowNs)
                {
                    return;
                }

                _pending.Remove(number);
                if (!pending.Answered)
                {
                    State.Unanswered(number, pending.Flow, pending.Ttl);
                    pending.Round.TimedOut(pending.Ttl);
                }
            }

            _order.Dequeue();
        }
    }

    private void StartRounds(long nowNs)
    {
        for (; _nextRound < TotalRounds && RoundStartNs(_nextRound) <= nowNs; _nextRound++)
        {
            var flow = (int)(_nextRound % _options.Flows.Count);
            _rounds.Add(new TraceRound(flow, _options.FirstTtl, _options.MaxTtl, State.Flows[flow].ExpectedTtl));
        }
    }

    private long RoundStartNs(long round)
    {
        var (cycle, flow) = Math.DivRem(round, _options.Flows.Count);
        return _startNs + cycle * _options.IntervalNs + flow * (_options.IntervalNs / _options.Flows.Count);
    }

    /// <summary>Sends what the round's window and the ceilings allow; returns until when a ceiling holds it, or long.MaxValue.</summary>
    private long Send(TraceRound round, long nowNs, List<ProbePacket> send)
    {
        while (round.MaySend(nowNs, QuietNs))
        {
            var ttl = round.NextTtl;
            var earliest = Math.Max(_busyUntilNs, Math.Max(_perSecond.NextNs, _perTtl[ttl].NextNs));
            if (earliest > nowNs)
            {
                return earliest;
            }

            var number = _numbers.Next();
            _perSecond.Add(nowNs);
            _perTtl[ttl].Add(nowNs);
            _pending.Add(number, new Pending(round, round.Flow, ttl, nowNs, Answered: false));
            _order.Enqueue(number);
            round.Sent(nowNs);
            State.Sent(number, round.Flow, ttl, nowNs);
            send.Add(new ProbePacket
            {
                Number = number,
                Source = _options.Source,
                Target = _options.Target,
                Protocol = _options.Protocol,
                Flow = _options.Flows[round.Flow],
                Ttl = (byte)ttl,
                Size = _options.Size,
                Dscp = _options.Dscp,
                DontFragment = _options.DontFragment,
            });
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
        if (_nextRound < TotalRounds)
        {
            next = Math.Min(next, RoundStartNs(_nextRound));
        }

        next = NextExpiry(next);
        foreach (var round in CollectionsMarshal.AsSpan(_rounds))
        {
            next = Math.Min(next, round.WindowOpensNs(nowNs, QuietNs));
        }

        // A probe that could not be sent left no entry to wait for.
        return next == ISweep.Done ? nowNs + BusyRetryNs : next;
    }

    private long NextExpiry(long otherwiseNs) => _order.TryPeek(out var number) && _pending.TryGetValue(number, out var pending)
        ? Math.Min(otherwiseNs, pending.SentNs + _options.TimeoutNs + 1)
        : otherwiseNs;

    private readonly record struct Pending(TraceRound Round, int Flow, int Ttl, long SentNs, bool Answered);
}
