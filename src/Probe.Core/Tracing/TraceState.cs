using Probe.Core.Probing;
using Probe.Core.Vocabulary;

namespace Probe.Core.Tracing;

/// <summary>Everything a trace has seen: one cell per flow and TTL, one line per probe. What is not over yet is not in it.</summary>
internal sealed class TraceState
{
    /// <summary>Single probes kept for the document.</summary>
    public const int KeptProbes = 10_000;

    private readonly List<FlowState> _flows = [];
    private readonly RecentProbes[] _recent;
    private int _firstNumber;

    public TraceState(TraceOptions options)
    {
        Options = options;
        _recent = options.RecentProbes == 0
            ? [] : [.. Enumerable.Range(0, options.MaxTtl + 1).Select(_ => new RecentProbes(options.RecentProbes))];
        foreach (var flow in options.Flows)
        {
            AddFlow(flow);
        }
    }

    public TraceOptions Options { get; }

    /// <summary>An earlier state of the same run could send, so that a refused probe is no reason to give up.</summary>
    public bool HasSentBefore { get; init; }

    /// <summary>The newest probes by TTL; empty when nobody asked for them.</summary>
    public IReadOnlyList<RecentProbes> Recent => _recent;

    public IReadOnlyList<FlowState> Flows => _flows;

    /// <summary>The first probes, in order.</summary>
    public List<ProbeRecord> Probes { get; } = [];

    /// <summary>Probes sent in all.</summary>
    public int ProbesSent { get; private set; }

    /// <summary>Probes that this host would not send after the first.</summary>
    public int ProbesNotSent { get; private set; }

    /// <summary>Why not even the first probe could be sent; null when it could.</summary>
    public SendStatus? SendError { get; private set; }

    /// <summary>Adds a flow; its index is the number of flows before it.</summary>
    public void AddFlow(Flow flow) => _flows.Add(new FlowState(flow, Options.MaxTtl));

    /// <summary>What the flow with this index saw at this TTL.</summary>
    public FlowHop Cell(int flow, int ttl) => _flows[flow].Hops[ttl] ??= new FlowHop();

    /// <summary>The same, null when nothing was seen, as beyond the last TTL.</summary>
    public FlowHop? Find(int flow, int ttl) => ttl <= Options.MaxTtl ? _flows[flow].Hops[ttl] : null;

    public void Sent(int number, int flow, int ttl, long nowNs)
    {
        ProbesSent++;
        if (Probes.Count < KeptProbes)
        {
            _firstNumber = Probes.Count == 0 ? number : _firstNumber;
            Probes.Add(new ProbeRecord(number, flow, ttl, nowNs, Answer: null));
        }

        RecentAt(ttl)?.Sent(number, flow);
    }

    /// <summary>A queue of this host was full: the probe never left and will be sent anew under another number.</summary>
    public void TakeBack(int number)
    {
        ProbesSent--;
        Probes.RemoveAll(probe => probe.Number == number);
    }

    /// <summary>Counts the first answer of a probe.</summary>
    public void Answered(in Reply reply, int flow, int ttl)
    {
        Cell(flow, ttl).Add(reply);
        RecentAt(ttl)?.Over(reply.Number, reply.From, reply.Ambiguous ? null : reply.RttNs);
        RecordAnswer(reply);
    }

    /// <summary>Notes an ICMP redirect, which is no answer.</summary>
    public void Redirected(in Reply reply, int flow, int ttl)
    {
        var redirects = Cell(flow, ttl).Redirects;
        if (!redirects.Contains(reply.From))
        {
            redirects.Add(reply.From);
        }
    }

    /// <summary>Nobody answered the probe in time.</summary>
    public void Unanswered(int number, int flow, int ttl)
    {
        Cell(flow, ttl).Sent++;
        RecentAt(ttl)?.Over(number, default, rttNs: null);
    }

    /// <summary>The probe never left, so its place among the newest ones stays empty.</summary>
    public void NeverLeft(int number, int ttl) => RecentAt(ttl)?.TakeBack(number);

    private void RecordAnswer(in Reply reply)
    {
        // Numbers rise, but another sweep of the run may have taken some in between.
        var low = 0;
        var high = Math.Min(Probes.Count - 1, reply.Number - _firstNumber);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var probe = Probes[middle];
            if (probe.Number == reply.Number)
            {
                Probes[middle] = probe with { SentNs = reply.SentNs, Answer = reply };
                return;
            }

            (low, high) = probe.Number < reply.Number ? (middle + 1, high) : (low, middle - 1);
        }
    }

    public void NotSent(SendStatus status)
    {
        ProbesNotSent++;
        if (ProbesNotSent == ProbesSent && !HasSentBefore)
        {
            SendError = status;
        }
    }

    private RecentProbes? RecentAt(int ttl) => _recent.Length == 0 ? null : _recent[ttl];
}

/// <summary>One probe and its first answer.</summary>
internal readonly record struct ProbeRecord(int Number, int Flow, int Ttl, long SentNs, Reply? Answer);

/// <summary>What is known of one flow.</summary>
internal sealed class FlowState(Flow flow, int maxTtl)
{
    private int _roundsWithoutTarget;

    /// <summary>The flow.</summary>
    public Flow Flow => flow;

    /// <summary>What it saw, by TTL.</summary>
    public FlowHop?[] Hops { get; } = new FlowHop?[maxTtl + 1];

    /// <summary>The smallest TTL at which the target answered; 0 when it never did.</summary>
    public int ReachedTtl { get; private set; }

    /// <summary>The smallest TTL at which the tunnel's own packet was refused; 0 when it never was.</summary>
    public int RefusedTtl { get; private set; }

    /// <summary>
    /// The last TTL that tells anything: nothing answers beyond the target, or beyond a tunnel that is refused; 0 when there is none.
    /// </summary>
    public int LastTtl => ReachedTtl != 0 ? ReachedTtl : RefusedTtl;

    /// <summary>The TTL at which it is expected to answer again; 0 when it must be searched for.</summary>
    public int ExpectedTtl { get; private set; }

    public void TargetAnswered(int ttl)
    {
        ReachedTtl = ReachedTtl == 0 ? ttl : Math.Min(ReachedTtl, ttl);
        ExpectedTtl = ExpectedTtl == 0 ? ttl : Math.Min(ExpectedTtl, ttl);
    }

    public void TunnelRefused(int ttl) => RefusedTtl = RefusedTtl == 0 ? ttl : Math.Min(RefusedTtl, ttl);

    /// <summary>A target that kept silent for several rounds is searched for again: the path may have grown.</summary>
    public void RoundEnded(bool reached, int longest)
    {
        _roundsWithoutTarget = reached ? 0 : _roundsWithoutTarget + 1;
        if (_roundsWithoutTarget >= longest)
        {
            ExpectedTtl = 0;
            _roundsWithoutTarget = 0;
        }
    }
}
