using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;

namespace Probe.Core.PathMtu;

/// <summary>What became of every size asked in one way: transport, segment and flow.</summary>
/// <param name="question">The way.</param>
internal sealed class SizeLedger(PathMtuQuestion question)
{
    private readonly List<SizeAsk> _asks = [];
    // Linux: icmp_ratelimit, one a second with a burst of six for each destination (net/ipv4/inetpeer.c); one is left to others.
    internal const long AnswerEveryNs = 1_050_000_000;
    private const int AnswerBurst = 5;

    private readonly List<SizeSignal> _signals = [];
    private double _answersLeft = AnswerBurst;
    private long _countedNs;

    public PathMtuQuestion Question { get; } = question;

    /// <summary>Every probe, in order of sending.</summary>
    public IReadOnlyList<SizeAsk> Asks => _asks;

    /// <summary>Every word about a size, in order of arrival.</summary>
    public IReadOnlyList<SizeSignal> Signals => _signals;

    /// <summary>An answer opens a connection, which mutes what follows on the same flow until our reset has come.</summary>
    public bool IsMuting => Question is { Protocol: ProbeProtocol.Tcp, Segment: TcpSegmentKind.Syn };

    /// <summary>Largest size the target answered; 0 for none.</summary>
    public int LargestAnswered { get; private set; }

    /// <summary>Smallest size above <see cref="LargestAnswered"/> that did not get there; null for none.</summary>
    public int? SmallestBad
    {
        get
        {
            int? smallest = null;
            foreach (var ask in _asks)
            {
                if (ask.IsBad && ask.Size > LargestAnswered && !(ask.Size >= smallest))
                {
                    smallest = ask.Size;
                }
            }

            return smallest;
        }
    }

    /// <summary>Sizes that somebody named and that were tested.</summary>
    public HashSet<int> Claims { get; } = [];

    /// <summary>Common sizes were tried.</summary>
    public bool IsTableTried { get; set; }

    /// <summary>So were those right above the largest that got there.</summary>
    public bool AreStepsTried { get; set; }

    /// <summary>
    /// Whoever serves the port answered the largest size: a SYN-ACK, or a service's own datagram. A load balancer gives every other answer
    /// itself, whatever its tunnels carry: echo replies, resets, and refusals of ports it does not balance.
    /// </summary>
    public bool IsServed => LargestAnswered > 0
        && _asks.Exists(ask =>
            ask.Size == LargestAnswered && ask is { State: AskState.Answered, Kind: ReplyKind.SynAck or ReplyKind.UdpReply });

    /// <summary>What the answers to the largest size prove: a refused SYN no more than a stray segment.</summary>
    public PathMtuProof Proof =>
        Question.Proof == PathMtuProof.SynPayload && LargestAnswered > 0 && !IsServed ? PathMtuProof.Ack : Question.Proof;

    /// <summary>Answers came that do not say which size they are about: the sizes cannot be told apart.</summary>
    public bool IsAmbiguous { get; set; }

    /// <summary>TTL with which the target's last answer arrived; 0 for none.</summary>
    public byte AnswerTtl { get; private set; }

    public void Add(SizeAsk ask) => _asks.Add(ask);

    public void Remove(SizeAsk ask) => _asks.Remove(ask);

    /// <summary>The target answered.</summary>
    public void Answered(SizeAsk ask, in Reply reply)
    {
        ask.State = AskState.Answered;
        (ask.From, ask.Kind) = (reply.From, reply.Kind);
        AnswerTtl = reply.ReplyTtl;
        if (reply.Kind == ReplyKind.PortUnreachable)
        {
            CountAnswers(reply.ReceivedNs);
            _answersLeft--;
        }

        if (ask.Size > LargestAnswered)
        {
            LargestAnswered = ask.Size;
            VoidMuted();
        }
    }

    /// <summary>When a host that limits its answers may answer again.</summary>
    public long NextAnswerNs(long nowNs)
    {
        CountAnswers(nowNs);
        return _answersLeft >= 1 ? nowNs : nowNs + (long)((1 - _answersLeft) * AnswerEveryNs);
    }

    /// <summary>Somebody called a probe too big.</summary>
    public void Signalled(in SizeSignal signal) => _signals.Add(signal);

    /// <summary>Probes of a size in a state.</summary>
    public int Count(int size, AskState state)
    {
        var count = 0;
        foreach (var ask in _asks)
        {
            count += ask.Size == size && ask.State == state ? 1 : 0;
        }

        return count;
    }

    /// <summary>This host itself does not let any probe of the size right above the largest answered one leave.</summary>
    public bool IsLimitedHere
    {
        get
        {
            var bad = LargestAnswered + 1;
            return _asks.Exists(ask => ask.Size == bad)
                && _asks.TrueForAll(ask => ask.Size != bad || ask.State == AskState.TooBigHere || ask.IsLostHere);
        }
    }

    /// <summary>Nothing came back of the last burst.</summary>
    public bool IsQuiet =>
        _asks.Count > 0 && !_asks.Exists(ask => ask.Round == _asks[^1].Round && (ask.State is AskState.Answered or AskState.Refused));

    /// <summary>What was lost since the last burst of which something came back says nothing about sizes.</summary>
    public void VoidSinceAnswered()
    {
        var heard = _asks.FindLast(ask => ask.State is AskState.Answered or AskState.Refused)?.Round ?? 0;
        foreach (var ask in _asks)
        {
            if (ask.Round > heard && ask.State == AskState.Lost && ask.Size > LargestAnswered)
            {
                ask.State = AskState.Void;
            }
        }
    }

    /// <summary>Something of this burst was answered.</summary>
    public bool IsAnsweredIn(int round) => _asks.Exists(ask => ask.Round == round && ask.State == AskState.Answered);

    /// <summary>Losses at a size while the path carried other probes of the same burst: an outage takes both.</summary>
    public int LossesBeside(int size)
    {
        var count = 0;
        foreach (var ask in _asks)
        {
            count += ask.Size == size && ask.State is AskState.Lost or AskState.Rejected && IsAnsweredIn(ask.Round) ? 1 : 0;
        }

        return count;
    }

    /// <summary>
    /// Losses among probes that fit, and how many of those there were. Of a burst of SYNs of one flow only the first that fits counts: it
    /// opens the connection that mutes the others.
    /// </summary>
    public (int Lost, int Sent) Trials()
    {
        var (lost, sent) = (0, 0);
        var lastRound = -1;
        foreach (var ask in _asks)
        {
            if (ask.Size > LargestAnswered || ask.State is not (AskState.Answered or AskState.Lost))
            {
                continue;
            }

            if (IsMuting && ask.Round == lastRound)
            {
                continue;
            }

            lastRound = ask.Round;
            sent++;
            lost += ask.State == AskState.Lost ? 1 : 0;
        }

        return (lost, sent);
    }

    /// <summary>
    /// Where no SYN of a burst is answered although one of them has a size that gets there, the host answered nothing of this flow then:
    /// the burst says nothing about sizes.
    /// </summary>
    private void VoidMuted()
    {
        if (!IsMuting)
        {
            return;
        }

        foreach (var ask in _asks)
        {
            if (ask.State == AskState.Lost && ask.Size > LargestAnswered
                && _asks.Exists(other => other.Round == ask.Round && other.Size <= LargestAnswered) && !IsAnsweredIn(ask.Round))
            {
                ask.State = AskState.Void;
            }
        }
    }

    private void CountAnswers(long nowNs)
    {
        _answersLeft = Math.Min(AnswerBurst, _answersLeft + ((double)Math.Max(0, nowNs - _countedNs) / AnswerEveryNs));
        _countedNs = Math.Max(_countedNs, nowNs);
    }
}

/// <summary>Somebody called a probe too big.</summary>
/// <param name="Ask">The probe.</param>
/// <param name="From">Who.</param>
/// <param name="Mtu">The MTU named, octets of the packet complained about.</param>
/// <param name="InnerMtu">The same in octets of the innermost packet.</param>
/// <param name="Layer">Which IP header of the probe it is about; 0 for its own.</param>
/// <param name="QuotedLength">Octets of the packet it complained about, as quoted; null when nothing was.</param>
/// <param name="Hop">Hop at which it stands; null when unknown.</param>
/// <param name="Implausible">It cannot be true.</param>
internal readonly record struct SizeSignal(
    SizeAsk Ask, IpAddress From, int Mtu, int InnerMtu, int Layer, int? QuotedLength, int? Hop, bool Implausible);
