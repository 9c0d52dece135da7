using Probe.Core.Evidence;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;

namespace Probe.Core.PathMtu;

/// <summary>
/// The sweep over size: finds the largest packet that reaches a target, who limits it, and whether anybody says so. Sizes leave in rounds
/// of a few probes; ICMP is a hint that is tested and never believed; the exact size is known first, then the losses that bound it are told
/// from chance.
/// </summary>
public sealed class PathMtuSearch : ISweep
{
    /// <summary>TTL and hop limit of probes that are not limited; what errors quote of it says at which hop they were made.</summary>
    internal const byte FullTtl = 64;

    private const long SecondNs = 1_000_000_000;

    private readonly ProbeNumbers _numbers;
    private readonly Dictionary<int, SizeAsk> _asks = [];
    private readonly SlidingWindow _perSecond;
    private readonly SizeRange _range;
    private readonly SearchProgress _progress;
    private readonly SizeReplies _replies;
    private readonly FlowComparison _flows;
    private readonly IEnumerator<SizeRound> _script;
    private readonly List<FlowResult> _results = [];
    private SizeRound? _round;
    private long _busyUntilNs = long.MinValue;
    private int _rounds;
    private int _notSent;

    /// <summary>Makes a search.</summary>
    /// <param name="options">What to ask.</param>
    /// <param name="numbers">Hands out run-wide numbers.</param>
    /// <exception cref="ArgumentException">There is no first flow, or the sizes leave no room.</exception>
    public PathMtuSearch(PathMtuOptions options, ProbeNumbers numbers)
    {
        ArgumentNullException.ThrowIfNull(options);
        _numbers = numbers;
        _perSecond = new SlidingWindow(options.MaxPerSecond, SecondNs);
        _range = new SizeRange(options);
        _progress = new SearchProgress(new RoundTrips(options.TimeoutNs));
        _replies = new SizeReplies(_range, _progress);
        var search = new SizeSearch(_range, _progress);
        _flows = new FlowComparison(_range, _progress, search, _results);
        var first = options.FlowAt(0) ?? throw new ArgumentException("There is no flow.", nameof(options));
        _script = Script(search, new PathMtuQuestion(options.Protocol, first, options.Segment)).GetEnumerator();
    }

    /// <summary>What it is doing.</summary>
    public PathMtuPhase Phase => _progress.Phase;

    /// <summary>Largest size answered on the flow that is being searched, octets; null when none was.</summary>
    public int? LargestAnswered => _progress.Current?.LargestAnswered is > 0 and var size ? size : null;

    /// <summary>Smallest size above it that was lost or refused; null when none was.</summary>
    public int? SmallestLost => _progress.Current?.SmallestBad;

    /// <summary>Probes sent so far.</summary>
    public int ProbesSent => _progress.ProbesSent;

    /// <summary>Probes the target answered so far.</summary>
    public int ProbesAnswered => _progress.ProbesAnswered;

    /// <summary>Why not even the first probe could be sent; null when it could.</summary>
    public SendStatus? SendError { get; private set; }

    /// <summary>The ceiling on probes ended it.</summary>
    public bool OutOfProbes => _progress.OutOfProbes;

    /// <summary>Flows to be compared with the first one; 0 as long as, or where, the first one found no size.</summary>
    public int FlowsWanted => _flows.Wanted;

    /// <summary>Of <see cref="FlowsWanted"/> those whose size was found, the same as the first one's or another.</summary>
    public int FlowsCompared => _flows.Compared;

    /// <summary>Of <see cref="FlowsWanted"/> those that were asked and never answered.</summary>
    public int FlowsSilent => _flows.Silent;

    /// <summary>Every size tried on the flow that is being searched, ascending.</summary>
    public IReadOnlyList<PathMtuSize> Sizes => _progress.Current is { } ledger ? SizesOf(ledger) : [];

    internal PathMtuOptions Options => _range.Options;

    /// <summary>Octets that the encapsulation adds.</summary>
    internal int Overhead => _range.Overhead;

    /// <summary>Largest size tried.</summary>
    internal int Largest => _range.Largest;

    internal RoundTrips RoundTrips => _progress.RoundTrips;

    /// <summary>Since the first step, nanoseconds.</summary>
    internal long ElapsedNs => _progress.ElapsedNs;

    /// <summary>What was found, one a flow that differs.</summary>
    internal IReadOnlyList<FlowResult> Results => _results;

    /// <inheritdoc/>
    public long Step(long nowNs, ReadOnlySpan<Reply> replies, List<ProbePacket> send)
    {
        ArgumentNullException.ThrowIfNull(send);
        if (_progress.StartNs < 0)
        {
            _progress.StartNs = nowNs;
        }

        _progress.NowNs = nowNs;
        foreach (ref readonly var reply in replies)
        {
            if (_asks.TryGetValue(reply.Number, out var ask))
            {
                _replies.Take(reply, ask);
            }
        }

        while (Phase != PathMtuPhase.Done)
        {
            if (_round is null && !NextRound())
            {
                break;
            }

            var heldUntilNs = Send(nowNs, send);
            var overNs = OverNs();
            if (overNs > nowNs)
            {
                return Math.Min(overNs, heldUntilNs);
            }

            Close();
        }

        return ISweep.Done;
    }

    /// <inheritdoc/>
    public void NotSent(in ProbePacket probe, SendStatus status)
    {
        if (!_asks.Remove(probe.Number, out var ask))
        {
            return;
        }

        _progress.ProbesSent--;
        _notSent += status == SendStatus.Busy ? 0 : 1;
        switch (status)
        {
            case SendStatus.Busy:
                ask.State = AskState.Planned;
                ask.Ledger.Remove(ask);
                _busyUntilNs = _progress.NowNs + ISweep.BusyRetryNs;
                break;
            case SendStatus.TooBig:
                ask.State = AskState.TooBigHere;
                break;
            case SendStatus.LocalRule or SendStatus.NoRoute:
                // A rule of this host may drop by size, or by chance: it counts as a loss that this host made.
                ask.State = AskState.Lost;
                ask.IsLostHere = true;
                if (ProbesSent == 0)
                {
                    SendError = status;
                }

                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(status), status, message: null);
        }
    }

    /// <summary>Every size of a ledger, ascending.</summary>
    internal static IReadOnlyList<PathMtuSize> SizesOf(SizeLedger ledger) =>
    [
        .. ledger.Asks.Where(ask => ask is { State: not AskState.TooBigHere, IsLostHere: false }).GroupBy(ask => ask.Size)
        .OrderBy(size => size.Key).Select(size => new PathMtuSize(
            size.Key, size.Count(), size.Count(ask => ask.State == AskState.Answered), size.Count(ask => ask.State == AskState.Refused))),
    ];

    private IEnumerable<SizeRound> Script(SizeSearch search, PathMtuQuestion question)
    {
        var result = new FlowResult(new SizeLedger(question));
        _results.Add(result);
        return search.Search(result)
            .Concat(new CrossCheck(_range, _progress, search).Check(result))
            .Concat(new HoleLocation(_range, _progress).Locate(result))
            .Concat(Conclude(result))
            .Concat(_flows.Compare(result));
    }

    private IEnumerable<SizeRound> Conclude(FlowResult result)
    {
        (result.Sent, result.DurationNs, result.IsOver) = (ProbesSent, ElapsedNs, true);
        yield break;
    }

    private bool NextRound()
    {
        while (SendError is null && _script.MoveNext())
        {
            if (_script.Current.Asks.Count > 0 || _script.Current.UntilNs > _progress.NowNs)
            {
                _round = _script.Current;
                _rounds++;
                return true;
            }
        }

        _progress.Phase = PathMtuPhase.Done;
        return false;
    }

    /// <summary>Hands out what the ceilings allow; returns until when they hold the rest, or long.MaxValue.</summary>
    private long Send(long nowNs, List<ProbePacket> send)
    {
        var earliestNs = long.MaxValue;
        foreach (var ask in _round!.Asks)
        {
            if (ask.State != AskState.Planned)
            {
                continue;
            }

            earliestNs = Math.Max(_busyUntilNs, _perSecond.NextNs);
            if (earliestNs > nowNs)
            {
                return earliestNs;
            }

            if (ProbesSent + _notSent >= Options.MaxProbes)
            {
                _progress.OutOfProbes = true;
                ask.State = AskState.Rejected;
                continue;
            }

            _perSecond.Add(nowNs);
            ask.Number = _numbers.Next();
            ask.SentNs = nowNs;
            ask.Round = _rounds;
            ask.State = AskState.Waiting;
            ask.Ledger.Add(ask);
            _asks.Add(ask.Number, ask);
            _progress.ProbesSent++;
            send.Add(Packet(ask));
        }

        return long.MaxValue;
    }

    private ProbePacket Packet(SizeAsk ask) => new()
    {
        Number = ask.Number,
        Source = Options.Source,
        Target = Options.Target,
        Protocol = ask.Ledger.Question.Protocol,
        Segment = ask.Ledger.Question.Segment,
        Flow = ask.Ledger.Question.Flow,
        Ttl = ask.Ttl == 0 || !Options.Via.IsEmpty ? FullTtl : ask.Ttl,
        OuterTtl = Options.Via.IsEmpty ? (byte)0 : ask.Ttl,
        Size = ask.Size,
        Dscp = Options.Dscp,
        DontFragment = true,
        Via = Options.Via,
    };

    /// <summary>When nothing of the round is waited for any more.</summary>
    private long OverNs()
    {
        var overNs = _round!.UntilNs;
        var waitNs = RoundTrips.IsEmpty ? _round.FirstWaitNs ?? Options.TimeoutNs : _round.IsPatient
            ? RoundTrips.PatientNs : RoundTrips.WaitNs;
        foreach (var ask in _round.Asks)
        {
            // What is smaller than a size that got there needs no answer of its own.
            if (ask.State == AskState.Planned
                || (ask.State == AskState.Waiting && (ask.Ttl != 0 || _round.WaitsForAll || ask.Size > ask.Ledger.LargestAnswered)))
            {
                overNs = Math.Max(overNs, ask.State == AskState.Planned ? long.MaxValue : ask.SentNs + Math.Min(waitNs, Options.TimeoutNs));
            }
            else if (ask.State == AskState.Refused && _round.WaitsForRefused)
            {
                overNs = Math.Max(overNs, ask.SentNs + RoundTrips.LongestNs);
            }
        }

        return overNs;
    }

    private void Close()
    {
        foreach (var ask in _round!.Asks)
        {
            if (ask.State == AskState.Waiting)
            {
                ask.State = AskState.Lost;
            }
        }

        _round = null;
    }
}
