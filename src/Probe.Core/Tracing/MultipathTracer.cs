using System.Numerics;
using System.Runtime.InteropServices;
using Probe.Core.Evidence;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;

namespace Probe.Core.Tracing;

/// <summary>
/// The multipath detection algorithm (MDA), or MDA-Lite where it will do: finds every next hop of every node at a stated confidence, many
/// flows in flight at once. First one flow finds the distance; from then on each plan sends what the graph still lacks.
/// </summary>
public sealed class MultipathTracer : TraceSweep
{
    private const int WalkAhead = 3;
    private const int NeverAgain = 1_000_000;

    // A hop whose nodes look unlike must look so at a risk so much smaller before MDA-Lite is given up.
    private const double Strictness = 20;

    // A plan is made anew when so much of what was under way is settled: each looks at everything.
    private const int PartToSettle = 3;

    private readonly MultipathOptions _options;
    private readonly Queue<int> _quiet = new();
    private readonly HashSet<int> _late = [];
    private readonly List<(int Flow, int Ttl)> _wanted = [];
    private readonly HopPace[] _paces;
    private readonly Dictionary<int, StoppingRule> _rules = [];
    private readonly StoppingRule _stricter;
    private MultipathGraph _graph;
    private StoppingRule _rule;
    private int[] _missing = [];
    private bool _isLite;
    private bool _changed = true;
    private bool _outOfFlows;
    private int _abandoned;
    private int _open;
    private int _openAtPlan;
    private int _settled;

    /// <summary>Makes a search.</summary>
    public MultipathTracer(MultipathOptions options, ProbeNumbers numbers)
        : base(options.Trace, numbers)
    {
        _options = options;
        _isLite = options is { Scope: ConfidenceScope.Hop, Algorithm: MultipathAlgorithm.MdaLite };
        _paces = [.. Enumerable.Range(0, Options.MaxTtl + 1).Select(_ => new HopPace())];
        _rule = Rule(nodes: 1);
        _stricter = new StoppingRule(_rule.Risk / Strictness);
        _graph = new MultipathGraph(State, IsSilent, _rule.Risk, _isLite);
    }

    /// <summary>The stopping rule was met at every node.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>The search ended because it had spent its probes.</summary>
    public bool OutOfProbes => State.ProbesSent >= _options.MaxProbes;

    /// <summary>Hops that hold back answers, with the time they want between two probes.</summary>
    public IEnumerable<(int Ttl, long GapNs)> LimitedHops =>
        _paces.Select((pace, ttl) => (ttl, pace)).Where(hop => hop.pace.IsLimited).Select(hop => (hop.ttl, hop.pace.GapNs));

    /// <summary>
    /// How long the search is expected to take from now on, by what it lacks and how fast hops that hold back answers give them.
    /// </summary>
    public long ExpectedDurationNs =>
        IsComplete
        ? 0 : _missing.Select((missing, ttl) => ttl <= Options.MaxTtl ? _paces[ttl].TimeForNs(missing) : 0).Append(QuietNs).Max();

    /// <inheritdoc/>
    public override long Step(long nowNs, ReadOnlySpan<Reply> replies, List<ProbePacket> send)
    {
        foreach (ref readonly var reply in replies)
        {
            Answered(reply, nowNs);
        }

        Expire(nowNs);
        GiveUpWaiting(nowNs);
        if (State.SendError is not null)
        {
            return ISweep.Done;
        }

        if (IsPaused)
        {
            return nowNs + SecondNs;
        }

        if (_changed && (_open == 0 || PartToSettle * _settled >= _openAtPlan))
        {
            Plan();
        }

        var waitNs = SendWanted(nowNs, send);
        if (_open == 0 && !_changed && !HasHope() && (_wanted.Count == 0 || OutOfProbes))
        {
            IsComplete = _wanted.Count == 0 && !_outOfFlows && _abandoned == 0;
            return ISweep.Done;
        }

        return Math.Max(nowNs + 1, Math.Min(waitNs, NextTimeNs(nowNs)));
    }

    /// <inheritdoc/>
    public override void NotSent(in ProbePacket probe, SendStatus status)
    {
        if (!TryWithdraw(probe.Number, out var withdrawn))
        {
            return;
        }

        _open--;
        _changed = true;
        var hop = State.Cell(withdrawn.Flow, withdrawn.Ttl);
        hop.Pending--;
        hop.Attempts--;
        if (status == SendStatus.Busy)
        {
            State.TakeBack(probe.Number);
            BusyUntilNs = withdrawn.SentNs + ISweep.BusyRetryNs;
        }
        else
        {
            State.NotSent(status);
            _abandoned++;
            hop.Attempts = NeverAgain;
        }
    }

    /// <inheritdoc/>
    public override MultipathEvidence? Multipath
    {
        get
        {
            var flows = Decided();
            return new MultipathEvidence
            {
                Mode = _isLite ? MultipathAlgorithm.MdaLite : MultipathAlgorithm.Mda,
                Confidence = _options.Confidence,
                Scope = _options.Scope,
                GraphConfidence = Math.Round(100 * Math.Pow(1 - _rule.Risk, Math.Max(1, flows.Count)), 3),
                Assumes = _isLite
                    ? "all nodes of a hop are alike and get equal shares of the flows" : "a node spreads flows evenly over its next hops",
                SmallestShareSeen = flows.Count == 0
                    ? null : Math.Round(flows.Max(answered => StoppingRule.SmallestShareSeen(_rule.Risk, answered)), 4),
                Probes = State.ProbesSent,
                Complete = IsComplete,
            };
        }
    }

    /// <summary>The numbers of answered flows by which each node, or each hop, was decided.</summary>
    private List<int> Decided() => _isLite
        ? [.. _graph.Levels.Where(level => level.Answered > 0).Select(level => level.Answered)]
        : [.. _graph.Vertices.Where(vertex => vertex.Answered > 0).Select(vertex => vertex.Answered)];

    private void Answered(in Reply reply, long nowNs)
    {
        if (!Take(reply, out var probe, out _))
        {
            return;
        }

        _changed = true;
        if (probe.Answered)
        {
            return;
        }

        var hop = State.Cell(probe.Flow, probe.Ttl);
        var late = _late.Remove(reply.Number);
        if (!late)
        {
            Settle(hop);
        }

        _paces[probe.Ttl].Answered(hop, nowNs, late);
    }

    private void Settle(FlowHop hop)
    {
        hop.Pending--;
        _open--;
        _settled++;
        _changed = true;
    }

    private protected override void TimedOut(int number, in InFlight probe) => _changed |= _late.Remove(number);

    /// <summary>A probe is not given up, but no longer waited for: another attempt may go out.</summary>
    private void GiveUpWaiting(long nowNs)
    {
        while (_quiet.TryPeek(out var number))
        {
            if (TryFind(number, out var probe) && !probe.Answered)
            {
                if (nowNs - probe.SentNs < QuietNs)
                {
                    return;
                }

                _late.Add(number);
                var hop = State.Cell(probe.Flow, probe.Ttl);
                Settle(hop);
                _paces[probe.Ttl].Missed(hop, nowNs);
            }

            _quiet.Dequeue();
        }
    }

    /// <summary>A probe no longer waited for may still be answered and change the graph: one to a hop that has no answer yet.</summary>
    private bool HasHope() => _late.Any(number => TryFind(number, out var probe) && State.Cell(probe.Flow, probe.Ttl).Received == 0);

    private long SendWanted(long nowNs, List<ProbePacket> send)
    {
        var waitNs = long.MaxValue;
        var kept = 0;
        var span = CollectionsMarshal.AsSpan(_wanted);
        foreach (var (flow, ttl) in span)
        {
            var earliest = OutOfProbes ? long.MaxValue : Math.Max(EarliestNs(ttl), _paces[ttl].EarliestNs(State.Find(flow, ttl)));
            if (earliest <= nowNs)
            {
                SendOne(flow, ttl, nowNs, send);
                continue;
            }

            waitNs = Math.Min(waitNs, earliest);
            span[kept++] = (flow, ttl);
        }

        _wanted.RemoveRange(kept, _wanted.Count - kept);
        return waitNs;
    }

    private void SendOne(int flow, int ttl, long nowNs, List<ProbePacket> send)
    {
        var hop = State.Cell(flow, ttl);
        hop.Pending++;
        hop.Attempts++;
        hop.LastTryNs = nowNs;
        _paces[ttl].Sent(nowNs);
        _quiet.Enqueue(Send(flow, ttl, nowNs, send));
        _open++;
        _openAtPlan = Math.Max(_openAtPlan, _open);
    }

    /// <summary>What to send as things stand.</summary>
    private void Plan()
    {
        _changed = false;
        (_settled, _openAtPlan) = (0, _open);
        if (State.Flows.Count == 0)
        {
            AddFlow();
        }

        _wanted.Clear();
        if (Distance() is { } walk)
        {
            _wanted.AddRange(walk);
            return;
        }

        _graph = new MultipathGraph(State, IsSilent, _rule.Risk, _isLite);
        _rule = Rule(_graph.Vertices.Count());
        MultipathPlan plan = new MdaPlan(State, _graph, _rule, AddFlow);
        if (_isLite)
        {
            var lite = new MdaLitePlan(State, _graph, _rule, _stricter, AddFlow);
            _isLite = !lite.IsIrregular();
            plan = _isLite ? lite : plan;
        }

        foreach (var level in _graph.Levels.SkipWhile(level => !level.HasClump))
        {
            _paces[level.Ttl].IsBehindChance = true;
        }

        plan.Make();
        _missing = plan.Missing;
        _outOfFlows |= plan.OutOfFlows;
        _wanted.AddRange(Again());
        _wanted.AddRange(plan.Wanted);
    }

    /// <summary>
    /// While the target's distance is unknown one flow alone walks ahead; null once it has arrived or there is nothing to walk to.
    /// </summary>
    private List<(int Flow, int Ttl)>? Distance()
    {
        if (State.Flows.Count == 0 || State.Flows[0].ReachedTtl > 0)
        {
            return null;
        }

        var walk = new List<(int Flow, int Ttl)>();
        var highest = Options.FirstTtl - 1;
        var waits = false;
        for (var ttl = Options.FirstTtl; ttl <= Options.MaxTtl && ttl <= highest + WalkAhead; ttl++)
        {
            var hop = State.Find(0, ttl);
            if (hop is null)
            {
                walk.Add((0, ttl));
            }
            else if (hop.Received > 0 || hop.Pending == 0)
            {
                highest = ttl;
            }
            else
            {
                waits = true;
            }
        }

        return walk.Count > 0 || waits ? walk : null;
    }

    /// <summary>Probes that stayed without an answer and have attempts left, those with the fewest first.</summary>
    private IEnumerable<(int Flow, int Ttl)> Again()
    {
        var again = new List<(int Attempts, int Flow, int Ttl)>();
        for (var flow = 0; flow < State.Flows.Count; flow++)
        {
            var last = State.Flows[flow].ReachedTtl is > 0 and var end ? end : Options.MaxTtl;
            for (var ttl = Options.FirstTtl; ttl <= last; ttl++)
            {
                if (State.Find(flow, ttl) is { Received: 0, Pending: 0, Attempts: > 0 } hop && !IsSilent(hop, ttl))
                {
                    again.Add((hop.Attempts, flow, ttl));
                }
            }
        }

        again.Sort();
        return again.Select(hop => (hop.Flow, hop.Ttl));
    }

    private bool IsSilent(FlowHop hop, int ttl) => _paces[ttl].IsSilent(hop);

    private int AddFlow()
    {
        if (_options.FlowAt(State.Flows.Count) is not { } flow)
        {
            return -1;
        }

        State.AddFlow(flow);
        return State.Flows.Count - 1;
    }

    /// <summary>One rule for 1, 2, 4, 8, … nodes: the risk of each is its share of the whole graph's.</summary>
    private StoppingRule Rule(int nodes)
    {
        nodes = _options.Scope == ConfidenceScope.Hop ? 1 : (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(1, nodes));
        if (!_rules.TryGetValue(nodes, out var rule))
        {
            _rules.Add(nodes, rule = new StoppingRule(1 - Math.Pow(_options.Confidence / 100, 1.0 / nodes)));
        }

        return rule;
    }

    private long NextTimeNs(long nowNs)
    {
        if (_quiet.TryPeek(out var number) && TryFind(number, out var probe))
        {
            return Math.Min(probe.SentNs + QuietNs, NextExpiryNs);
        }

        return NextExpiryNs == long.MaxValue ? nowNs + ISweep.BusyRetryNs : NextExpiryNs;
    }
}
