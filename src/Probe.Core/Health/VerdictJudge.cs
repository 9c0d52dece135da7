using Probe.Core.Linux.Netlink;
using Probe.Core.Linux;
using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;

namespace Probe.Core.Health;

/// <summary>Takes checks with their verdicts, one by one.</summary>
public interface IVerdictSink
{
    /// <summary>A check is judged.</summary>
    /// <param name="outcome">What was seen.</param>
    /// <param name="verdict">What it says about the target.</param>
    /// <param name="reason">Why, one of <see cref="CheckReasonKind"/>; null where the verdict says it all.</param>
    void Judged(in CheckOutcome outcome, CheckVerdict verdict, CheckReasonKind? reason);
}

/// <summary>
/// Says whose fault it was. Most outcomes speak for themselves and pass at once. A missing route may be the target's (it was withdrawn)
/// or this host's (its routes are gone), and only the other targets tell which: such an outcome waits until a check of each has ended
/// lately (since then, or at most half its interval earlier). A timeout behind a gateway waits until the gateway has answered the
/// kernel. Nothing waits longer than <see cref="LongestHoldNs"/>.
/// </summary>
public sealed class VerdictJudge : ICheckSink, IDisposable
{
    /// <summary>Longest that an outcome waits for others, nanoseconds.</summary>
    public const long LongestHoldNs = 2_000_000_000;

    // What the host was asked stays true for a moment; a thousand timeouts at once must not read the neighbour table a thousand times.
    private const long FreshNs = 100_000_000;

    private readonly TargetTable _targets;
    private readonly IHostView _host;
    private readonly IVerdictSink _sink;
    private readonly Func<long> _clock;
    private readonly LastRoutes _routes;
    private readonly Gateways _gateways;
    private readonly List<Held> _held = [];
    private RouteSummary? _summaryV4;
    private RouteSummary? _summaryV6;
    private long _readAtNs = long.MinValue / 2;
    private long _summedAtNs = long.MinValue / 2;
    private bool _more;

    /// <param name="targets">The targets of the run; they may come and go, see <see cref="ExpectMore"/> and <see cref="Gone"/>.</param>
    /// <param name="host">This host.</param>
    /// <param name="clock">The run's clock.</param>
    /// <param name="sink">Takes the verdicts.</param>
    internal VerdictJudge(TargetTable targets, IHostView host, Func<long> clock, IVerdictSink sink)
    {
        (_targets, _host, _clock, _sink) = (targets, host, clock, sink);
        (_routes, _gateways) = (new LastRoutes(targets, host), new Gateways(targets, host));
    }

    /// <summary>Opens a judge over the host's own tables, read in the calling thread's network namespace.</summary>
    /// <param name="targets">The targets of the run; they may come and go, see <see cref="ExpectMore"/> and <see cref="Gone"/>.</param>
    /// <param name="clock">The run's clock, <see cref="ICheckEngine.NowNs"/>.</param>
    /// <param name="sink">Takes the verdicts.</param>
    /// <param name="sending">What the checks have in common: their routes are looked up with it.</param>
    /// <exception cref="LinuxException">rtnetlink cannot be opened.</exception>
    public static VerdictJudge Open(TargetTable targets, Func<long> clock, IVerdictSink sink, SendingOptions sending) =>
        new(targets, new HostView(sending), clock, sink);

    /// <summary>Outcomes that wait.</summary>
    public int Waiting => _held.Count;

    /// <summary>Takes an outcome; judges it now or when enough is known.</summary>
    public void Done(in CheckOutcome outcome)
    {
        var now = _clock();
        Refresh(now);
        _routes.Note(outcome, RouteStateOf(outcome));
        if (!TryJudge(outcome, now, final: false))
        {
            _held.Add(new Held(outcome, now));
            if (IsMissingRoute(outcome) && !_routes.IsOpen)
            {
                _routes.Open(outcome.StartedNs);
            }
        }

        JudgeRoutes(now);
    }

    /// <inheritdoc/>
    public void Gone(int target)
    {
        _routes.Forget(target);
        _held.RemoveAll(held => held.Outcome.Target == target);
    }

    /// <summary>More targets will come soon: nothing is known of all before it is known who they are.</summary>
    public void ExpectMore() => _more = true;

    /// <summary>The targets are complete.</summary>
    public void Complete()
    {
        _more = false;
        JudgeRoutes(_clock());
    }

    /// <summary>No outcome comes any more: nobody is waited for but gateways, which have their second to answer.</summary>
    public void Conclude()
    {
        _more = false;
        EndWindow(_clock());
    }

    /// <summary>Judges what has waited long enough; to be called now and then.</summary>
    public void Turn()
    {
        if (_held.Count > 0)
        {
            var now = _clock();
            Refresh(now);
            JudgeRoutes(now);
            Settle(now, held => now - held.SinceNs >= LongestHoldNs, held => !IsMissingRoute(held.Outcome));
        }
    }

    /// <summary>Judges everything that still waits: the run is over.</summary>
    public void Finish()
    {
        _host.Refresh();
        Settle(_clock(), _ => true, _ => true);
    }

    /// <inheritdoc/>
    public void Dispose() => (_host as IDisposable)?.Dispose();

    // With many targets it is worth while to sum up only now and then.
    private void JudgeRoutes(long nowNs)
    {
        if (_routes.IsOpen && !_more && nowNs - _summedAtNs >= FreshNs && _routes.HaveAllEnded())
        {
            EndWindow(nowNs);
        }
    }

    private void EndWindow(long nowNs)
    {
        _routes.Close();
        _summedAtNs = nowNs;
        if (_held.Count > 0)
        {
            _host.Refresh();
            Settle(nowNs, held => IsMissingRoute(held.Outcome), _ => false);
        }
    }

    private void Settle(long nowNs, Predicate<Held> mustEnd, Predicate<Held> mayEnd)
    {
        (_summaryV4, _summaryV6) = (null, null);
        var kept = 0;
        for (var i = 0; i < _held.Count; i++)
        {
            var held = _held[i];
            if (!_targets.Has(held.Outcome.Target))
            {
                // It was removed while it waited.
                continue;
            }

            var final = mustEnd(held);
            if (!(final || mayEnd(held)) || !TryJudge(held.Outcome, nowNs, final))
            {
                _held[kept++] = held;
            }
        }

        _held.RemoveRange(kept, _held.Count - kept);
        if (_routes.IsOpen && !_held.Exists(held => IsMissingRoute(held.Outcome)))
        {
            _routes.Close();
        }
    }

    private bool TryJudge(in CheckOutcome outcome, long nowNs, bool final)
    {
        var target = _targets[outcome.Target];
        switch (outcome.End)
        {
            case CheckEnd.Answered:
                // A stale half-open connection on the same ports costs one SYN more (RFC 5961 section 4); the answer counts.
                return target.Question.Expected != ExpectedState.Up ? Say(outcome, CheckVerdict.Mismatch, null)
                    : Say(outcome, CheckVerdict.Up, target.Kind == CheckKind.Udp && outcome.RttNs < 0 ? CheckReasonKind.Silent : null);
            case CheckEnd.Refused:
            case CheckEnd.Failed when outcome.Errno == Errno.ECONNREFUSED:
                return Say(outcome, CheckVerdict.Refused, null);
            case CheckEnd.Reset:
            case CheckEnd.Failed when outcome.Errno is Errno.ECONNRESET or Errno.EPIPE:
                return Say(outcome, CheckVerdict.Reset, null);
            case CheckEnd.Mismatch:
                return Say(outcome, CheckVerdict.Mismatch, outcome.HttpStatus == 0 ? null : CheckReasonKind.Status);
            case CheckEnd.Late:
                return Say(outcome, CheckVerdict.Overload, null);
            case CheckEnd.IcmpError when IsFromElsewhere(outcome):
                return Say(outcome, CheckVerdict.Unreachable, null);
            case CheckEnd.IcmpError when IsHostUnreachable(outcome):
                return TryJudgeSilence(outcome, target.SentTo, nowNs, final, otherwise: (CheckVerdict.Local, CheckReasonKind.Reject));
            case CheckEnd.IcmpError:
                return Say(outcome, CheckVerdict.Local, CheckReasonKind.Reject);
            case CheckEnd.Failed when IsMissingRoute(outcome):
                return final && JudgeMissingRoute(outcome, target.SentTo);
            case CheckEnd.Failed when outcome.Errno is Errno.EHOSTUNREACH or Errno.ENETUNREACH:
                return TryJudgeSilence(outcome, target.SentTo, nowNs, final, otherwise: (CheckVerdict.Unreachable, null));
            case CheckEnd.Failed when outcome.Errno != Errno.ETIMEDOUT:
                return Say(outcome, CheckVerdict.Local, LocalReason(outcome.Errno));
            default:
                return TryJudgeSilence(outcome, target.SentTo, nowNs, final, otherwise: (CheckVerdict.NoAnswer, null));
        }
    }

    // Nothing came back. Somebody on the link may be the silent one: the target, its own gateway, or the gateway of others too.
    private bool TryJudgeSilence(in CheckOutcome outcome, IpAddress target, long nowNs, bool final,
        (CheckVerdict Verdict, CheckReasonKind? Reason) otherwise)
    {
        var way = _host.WayTo(target);
        if (way.Gateway.IsNone)
        {
            return way is { Exists: true, IsOwn: false, NextHop: not NextHopState.Known }
                ? Say(outcome, CheckVerdict.NoAnswer, CheckReasonKind.Neighbour)
                : Say(outcome, otherwise.Verdict, otherwise.Reason);
        }

        switch (way.NextHop)
        {
            // It answered since the check began: what was lost was lost behind it.
            case NextHopState.Known when way.ConfirmedAgoNs <= nowNs - outcome.StartedNs:
                return Say(outcome, otherwise.Verdict, otherwise.Reason);
            case NextHopState.Known:
                return (final || !_gateways.TryAsk(way, nowNs)) && Say(outcome, otherwise.Verdict, otherwise.Reason);
            case NextHopState.Asking when !final && _gateways.MayStillAnswer(way.Gateway, outcome.StartedNs, nowNs):
                return false;
            default:
                var shared = _gateways.IsShared(way.Gateway, target, nowNs);
                return Say(outcome, shared ? CheckVerdict.Local : CheckVerdict.Unreachable, CheckReasonKind.Gateway);
        }
    }

    private bool JudgeMissingRoute(in CheckOutcome outcome, IpAddress target)
    {
        if (_host.IsLinkDownTowards(target))
        {
            return Say(outcome, CheckVerdict.Local, CheckReasonKind.Link);
        }

        var summary = target.IsV6 ? _summaryV6 ??= _routes.Summarise(v6: true) : _summaryV4 ??= _routes.Summarise(v6: false);

        // Routes that went and came back for several at once were this host's own trouble, whoever gets through by now.
        var alike = summary.Missing.HasOther(target);
        var through = summary.Through.HasOther(target) && !(alike && _host.WayTo(target).Exists);
        var local = !through && (alike || !_host.HasOffHostRoute(target.IsV6));
        return Say(outcome, local ? CheckVerdict.Local : CheckVerdict.Unreachable, CheckReasonKind.NoRoute);
    }

    // Behind a tunnel somebody else may speak under an address of this host: a real server under the virtual address that a director has
    // too.
    private bool IsFromElsewhere(in CheckOutcome outcome) =>
        !_host.IsOwn(outcome.IcmpFrom) || (_targets[outcome.Target] is { Via.IsEmpty: false } target && target.Address == outcome.IcmpFrom);

    private RouteState RouteStateOf(in CheckOutcome outcome) => outcome.End switch
    {
        CheckEnd.Failed when IsMissingRoute(outcome) => RouteState.Missing,
        CheckEnd.Answered or CheckEnd.Refused or CheckEnd.Reset or CheckEnd.Mismatch => RouteState.Through,
        CheckEnd.IcmpError when IsFromElsewhere(outcome) => RouteState.Through,
        _ => RouteState.Unknown,
    };

    private CheckReasonKind LocalReason(int errno) => errno switch
    {
        Errno.EADDRNOTAVAIL => _host.IsSourceMissing ? CheckReasonKind.SourceAddress : CheckReasonKind.Ports,
        Errno.EADDRINUSE or Errno.EAGAIN => CheckReasonKind.Ports,
        Errno.EMFILE or Errno.ENFILE => CheckReasonKind.Descriptors,
        Errno.ENOBUFS or Errno.ENOMEM => CheckReasonKind.Buffers,
        Errno.ENETDOWN or Errno.ENODEV or Errno.ENXIO => CheckReasonKind.Link,
        Errno.EPERM => CheckReasonKind.LocalRule,
        _ => CheckReasonKind.System,
    };

    // connect() says these of a route that is not there or that refuses: none or interface down, unreachable, prohibit, blackhole.
    private static bool IsMissingRoute(in CheckOutcome outcome) =>
        outcome is { End: CheckEnd.Failed, Synchronous: true,
            Errno: Errno.ENETUNREACH or Errno.EHOSTUNREACH or Errno.EACCES or Errno.EINVAL };

    // What the kernel says to its own sockets when a neighbour does not answer: ICMP 3/1, ICMPv6 1/3.
    private static bool IsHostUnreachable(in CheckOutcome outcome) =>
        outcome.IcmpFrom.IsV4
            ? outcome is { IcmpType: IcmpType.DestinationUnreachable, IcmpCode: 1 }
            : outcome is { IcmpType: IcmpType.DestinationUnreachableV6, IcmpCode: 3 };

    private bool Say(in CheckOutcome outcome, CheckVerdict verdict, CheckReasonKind? reason)
    {
        _sink.Judged(outcome, verdict, reason);
        return true;
    }

    private void Refresh(long nowNs)
    {
        if (nowNs - _readAtNs > FreshNs)
        {
            _readAtNs = nowNs;
            _host.Refresh();
        }
    }

    private readonly record struct Held(CheckOutcome Outcome, long SinceNs);
}
