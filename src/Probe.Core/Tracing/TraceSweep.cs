using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;

namespace Probe.Core.Tracing;

/// <summary>What every sweep over the TTL has: what was seen so far, the ceilings, the numbers.</summary>
public abstract class TraceSweep : ISweep
{
    private protected const long SecondNs = 1_000_000_000;

    private readonly ProbeNumbers _numbers;
    private readonly Dictionary<int, InFlight> _inFlight = [];
    private readonly Queue<int> _order = new();
    private readonly HashSet<IpAddress> _addresses;
    private readonly Queue<IpAddress> _newAddresses;
    private readonly SlidingWindow _perSecond;
    private readonly SlidingWindow[] _perTtl;
    private long _largestRttNs;

    private protected TraceSweep(TraceOptions options, ProbeNumbers numbers)
    {
        Options = options;
        _numbers = numbers;
        _addresses = [];
        _newAddresses = new Queue<IpAddress>();
        _perSecond = new SlidingWindow(options.MaxPerSecond, SecondNs);
        _perTtl = [.. Enumerable.Range(0, options.MaxTtl + 1).Select(_ => new SlidingWindow(options.MaxPerTtlIn10Seconds, 10 * SecondNs))];
        State = new TraceState(options);
    }

    /// <summary>Goes on with what another sweep of the run has seen, its ceilings included; the other one is not used any more.</summary>
    private protected TraceSweep(TraceOptions options, TraceSweep before)
    {
        Options = options;
        _numbers = before._numbers;
        _addresses = before._addresses;
        _newAddresses = before._newAddresses;
        _perSecond = before._perSecond;
        _perTtl = before._perTtl;
        _largestRttNs = before._largestRttNs;
        State = before.State;
        ProbesAnswered = before.ProbesAnswered;
    }

    /// <summary>Probes sent so far.</summary>
    public int ProbesSent => State.ProbesSent;

    /// <summary>Probes answered so far.</summary>
    public int ProbesAnswered { get; private set; }

    /// <summary>Addresses that answered so far.</summary>
    public int Addresses => _addresses.Count;

    /// <summary>Probes that this host would not send.</summary>
    public int ProbesNotSent => State.ProbesNotSent;

    /// <summary>Why not even the first probe could be sent; null when it could.</summary>
    public SendStatus? SendError => State.SendError;

    /// <summary>Nothing is sent until <see cref="Resume"/>.</summary>
    public bool IsPaused => PausedAtNs is not null;

    /// <summary>What a search says about itself; null for a sweep that follows none.</summary>
    public virtual MultipathEvidence? Multipath => null;

    /// <summary>Everything seen so far; another object after it was forgotten.</summary>
    internal TraceState State { get; private set; }

    private protected TraceOptions Options { get; }

    /// <summary>Since when nothing is sent; null while something may be.</summary>
    private protected long? PausedAtNs { get; private set; }

    /// <summary>How long a silent probe is waited for before the sweep goes on without it; its answer is still taken.</summary>
    private protected long QuietNs => QuietTime.After(_largestRttNs);

    /// <summary>Until when a full queue of this host keeps everything waiting.</summary>
    private protected long BusyUntilNs { get; set; } = long.MinValue;

    /// <summary>When the oldest probe's time to be answered is over; <see cref="long.MaxValue"/> when none is under way.</summary>
    private protected long NextExpiryNs => _order.TryPeek(out var number) && _inFlight.TryGetValue(number, out var probe)
        ? probe.SentNs + Options.TimeoutNs + 1
        : long.MaxValue;

    /// <summary>Takes one address that answered for the first time since the last call; for reverse names.</summary>
    public bool TryTakeNewAddress(out IpAddress address) => _newAddresses.TryDequeue(out address);

    /// <summary>Sends nothing more until <see cref="Resume"/>; answers to what is under way still count.</summary>
    public void Pause(long nowNs) => PausedAtNs ??= nowNs;

    /// <summary>Goes on where <see cref="Pause"/> stopped.</summary>
    public virtual void Resume(long nowNs) => PausedAtNs = null;

    /// <inheritdoc/>
    public abstract long Step(long nowNs, ReadOnlySpan<Reply> replies, List<ProbePacket> send);

    /// <inheritdoc/>
    public abstract void NotSent(in ProbePacket probe, SendStatus status);

    /// <summary>Forgets what was seen; ceilings, numbers and known addresses stay.</summary>
    private protected void Forget()
    {
        ProbesAnswered = 0;
        _inFlight.Clear();
        _order.Clear();
        State = new TraceState(Options) { HasSentBefore = State.HasSentBefore || State.ProbesSent > State.ProbesNotSent };
    }

    /// <summary>When the ceilings allow a probe to this TTL; the past means at once.</summary>
    private protected long EarliestNs(int ttl) => Math.Max(BusyUntilNs, Math.Max(_perSecond.NextNs, _perTtl[ttl].NextNs));

    /// <summary>Hands out a probe and returns its number.</summary>
    private protected int Send(int flow, int ttl, long nowNs, List<ProbePacket> send, TraceRound? round = null)
    {
        var number = _numbers.Next();
        _perSecond.Add(nowNs);
        _perTtl[ttl].Add(nowNs);
        State.Sent(number, flow, ttl, nowNs);
        _inFlight.Add(number, new InFlight(flow, ttl, nowNs, Answered: false, round));
        _order.Enqueue(number);
        send.Add(new ProbePacket
        {
            Number = number,
            Source = Options.Source,
            Target = Options.Target,
            Protocol = Options.Protocol,
            Flow = State.Flows[flow].Flow,
            Ttl = Options.SweepsOuter ? EncapsulationWriter.DefaultTtl : (byte)ttl,
            OuterTtl = Options.SweepsOuter ? (byte)ttl : (byte)0,
            Size = Options.Size,
            Dscp = Options.Dscp,
            DontFragment = Options.DontFragment,
            Via = Options.Via,
        });
        return number;
    }

    /// <summary>The probe with this number, while its time to be answered is not over.</summary>
    private protected bool TryFind(int number, out InFlight probe) => _inFlight.TryGetValue(number, out probe);

    /// <summary>Takes a probe that did not leave off the list; false when it is not on it.</summary>
    private protected bool TryWithdraw(int number, out InFlight probe)
    {
        var found = _inFlight.Remove(number, out probe);
        if (found)
        {
            State.NeverLeft(number, probe.Ttl);
        }

        return found;
    }

    /// <summary>
    /// Takes an answer: one that came within its time to a probe under way and is no mere redirect. One probe may have two, an unreachable
    /// on the way and a reset from the target: the first one counts.
    /// </summary>
    /// <param name="reply">What came.</param>
    /// <param name="probe">The probe as it stood before.</param>
    /// <param name="byTarget">The target is reached (<see cref="TargetReply"/>).</param>
    private protected bool Take(in Reply reply, out InFlight probe, out bool byTarget)
    {
        byTarget = false;
        if (!_inFlight.TryGetValue(reply.Number, out probe) || !IsAnswer(reply, probe))
        {
            return false;
        }

        byTarget = TargetReply.Is(reply, Options.Target);
        if (byTarget)
        {
            State.Flows[probe.Flow].TargetAnswered(probe.Ttl);
        }
        else if (TunnelRefusal.Is(reply, Options.SweepsOuter))
        {
            State.Flows[probe.Flow].TunnelRefused(probe.Ttl);
        }

        if (!probe.Answered)
        {
            _inFlight[reply.Number] = probe with { Answered = true };
            Count(reply, probe);
        }

        return true;
    }

    /// <summary>Gives up what was not answered in time.</summary>
    private protected void Expire(long nowNs)
    {
        while (_order.TryPeek(out var number))
        {
            if (_inFlight.TryGetValue(number, out var probe))
            {
                // An answer may take the whole timeout.
                if (probe.SentNs + Options.TimeoutNs >= nowNs)
                {
                    return;
                }

                _inFlight.Remove(number);
                if (!probe.Answered)
                {
                    State.Unanswered(number, probe.Flow, probe.Ttl);
                    TimedOut(number, probe);
                }
            }

            _order.Dequeue();
        }
    }

    /// <summary>Nobody answered a probe in time.</summary>
    private protected abstract void TimedOut(int number, in InFlight probe);

    private bool IsAnswer(in Reply reply, in InFlight probe)
    {
        if (reply.RttNs > Options.TimeoutNs)
        {
            return false;
        }

        if (reply.Redirect)
        {
            State.Redirected(reply, probe.Flow, probe.Ttl);
        }

        return !reply.Redirect;
    }

    private void Count(in Reply reply, in InFlight probe)
    {
        ProbesAnswered++;
        State.Answered(reply, probe.Flow, probe.Ttl);
        if (_addresses.Add(reply.From))
        {
            _newAddresses.Enqueue(reply.From);
        }

        if (!reply.Ambiguous)
        {
            _largestRttNs = Math.Max(_largestRttNs, reply.RttNs);
        }
    }

    /// <summary>A probe whose time to be answered is not over; the round it belongs to, where there are rounds.</summary>
    private protected readonly record struct InFlight(int Flow, int Ttl, long SentNs, bool Answered, TraceRound? Round);
}
