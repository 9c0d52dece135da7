using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Core.Probing;

namespace Probe.Core.Tracing;

/// <summary>
/// The multipath detection algorithm (MDA) with node control: finds every next hop of every node at a stated confidence, many flows in
/// flight at once. First one flow finds the distance; from then on each step sends what the graph still lacks.
/// </summary>
public sealed class MultipathTracer : TraceSweep
{
    private const int WalkAhead = 4;
    private const int Attempts = 3;
    private const int AttemptsWhereNobodyAnswered = 2;
    private const int AttemptsWhereLimited = 20;

    private readonly MultipathOptions _options;
    private readonly Dictionary<int, Pending> _pending = [];
    private readonly Queue<int> _order = new();
    private readonly HashSet<int> _open = [];
    private readonly List<int> _overdue = [];
    private readonly List<(int Flow, int Ttl)> _wanted = [];
    private readonly bool[] _hasAnswered;
    private readonly HopPace[] _paces;
    private readonly SortedDictionary<int, StoppingRule> _rules = [];
    private MultipathGraph _graph;
    private bool _changed = true;
    private bool _outOfFlows;
    private int _abandoned;

    /// <summary>Makes a search.</summary>
    public MultipathTracer(MultipathOptions options, ProbeNumbers numbers)
        : base(options.Trace, numbers)
    {
        _options = options;
        _paces = [.. Enumerable.Range(0, Options.MaxTtl + 1).Select(_ => new HopPace())];
        _hasAnswered = new bool[Options.MaxTtl + 1];
        _graph = new MultipathGraph(State, IsSilent);
    }

    /// <summary>The stopping rule was met at every node.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>The search ended because it had spent its probes.</summary>
    public bool OutOfProbes => State.ProbesSent >= _options.MaxProbes;

    /// <summary>Hops that hold back answers, with the time they want between two probes.</summary>
    public IEnumerable<(int Ttl, long GapNs)> LimitedHops =>
        _paces.Select((pace, ttl) => (ttl, pace)).Where(hop => hop.pace.Limited).Select(hop => (hop.ttl, hop.pace.GapNs));

    /// <inheritdoc/>
    public override long Step(long nowNs, ReadOnlySpan<Reply> replies, List<ProbePacket> send)
    {
        foreach (ref readonly var reply in replies)
        {
            Take(reply);
        }

        Expire(nowNs);
        if (State.SendError is not null)
        {
            return ISweep.Done;
        }

        if (IsPaused)
        {
            return nowNs + SecondNs;
        }

        var waitNs = SendWanted(nowNs, send, out var wanted);
        if (wanted == 0 && !IsWaiting())
        {
            IsComplete = !_outOfFlows && _abandoned == 0;
            return ISweep.Done;
        }

        if (OutOfProbes && _open.Count == 0)
        {
            return ISweep.Done;
        }

        return Math.Min(waitNs, NextTimeNs(nowNs));
    }

    /// <inheritdoc/>
    public override void NotSent(in ProbePacket probe, SendStatus status)
    {
        if (!_pending.Remove(probe.Number, out var pending))
        {
            return;
        }

        _open.Remove(probe.Number);
        var hop = State.Cell(pending.Flow, pending.Ttl);
        hop.Pending--;
        hop.Attempts--;
        _changed = true;
        if (status == SendStatus.Busy)
        {
            State.TakeBack(probe.Number);
            BusyUntilNs = pending.SentNs + BusyRetryNs;
        }
        else
        {
            State.NotSent(status);
            _abandoned++;
            hop.Attempts = AttemptsWhereLimited;
        }
    }

    /// <inheritdoc/>
    public override MultipathEvidence? Multipath => Describe();

    /// <summary>What the search says about itself.</summary>
    public MultipathEvidence Describe()
    {
        var decided = _graph.Vertices.Where(vertex => vertex.Answered > 0).ToList();
        var risk = RiskOfOne();
        return new MultipathEvidence
        {
            Mode = "mda",
            Confidence = _options.Confidence,
            Scope = _options.Scope == ConfidenceScope.Graph ? "graph" : "hop",
            GraphConfidence = Math.Round(100 * Math.Pow(1 - risk, Math.Max(1, decided.Count)), 3),
            SmallestShareSeen = decided.Count == 0 ? null
                : Math.Round(decided.Max(vertex => StoppingRule.SmallestShareSeen(risk, vertex.Answered)), 4),
            Probes = State.ProbesSent,
            Complete = IsComplete,
        };
    }

    private void Take(in Reply reply)
    {
        if (!_pending.TryGetValue(reply.Number, out var pending) || !IsAnswer(reply, pending.Flow, pending.Ttl))
        {
            return;
        }

        _changed = true;
        NoteTarget(reply, pending.Flow, pending.Ttl);
        if (pending.Answered)
        {
            return;
        }

        _pending[reply.Number] = pending with { Answered = true };
        _open.Remove(reply.Number);
        _hasAnswered[pending.Ttl] = true;
        Count(reply, pending.Flow, pending.Ttl);
        if (!pending.Overdue)
        {
            State.Cell(pending.Flow, pending.Ttl).Pending--;
            _paces[pending.Ttl].Answered();
        }
    }

    /// <summary>An answer may still come that could change the graph: one to a hop that has none yet.</summary>
    private bool IsWaiting()
    {
        foreach (var number in _open)
        {
            var pending = _pending[number];
            if (!pending.Overdue || State.Cell(pending.Flow, pending.Ttl).Received == 0)
            {
                return true;
            }
        }

        return false;
    }

    private void Expire(long nowNs)
    {
        while (_order.TryPeek(out var number))
        {
            if (_pending.TryGetValue(number, out var pending))
            {
                if (pending.SentNs + Options.TimeoutNs >= nowNs)
                {
                    break;
                }

                _pending.Remove(number);
                if (_open.Remove(number))
                {
                    var hop = State.Cell(pending.Flow, pending.Ttl);
                    State.Unanswered(number, pending.Flow, pending.Ttl);
                    hop.Pending -= pending.Overdue ? 0 : 1;
                    _changed = true;
                }
            }

            _order.Dequeue();
        }

        _overdue.Clear();
        _overdue.AddRange(_open.Where(number => !_pending[number].Overdue && nowNs - _pending[number].SentNs >= QuietNs));
        foreach (var number in _overdue)
        {
            // Not given up, but no longer waited for: another attempt may go out.
            var pending = _pending[number];
            _pending[number] = pending with { Overdue = true };
            State.Cell(pending.Flow, pending.Ttl).Pending--;
            _changed = true;
            if (_hasAnswered[pending.Ttl])
            {
                _paces[pending.Ttl].Missed(nowNs);
            }
        }
    }

    private long SendWanted(long nowNs, List<ProbePacket> send, out int wanted)
    {
        if (_changed)
        {
            _changed = false;
            Plan();
        }

        wanted = 0;
        var waitNs = long.MaxValue;
        foreach (var (flow, ttl) in _wanted)
        {
            wanted++;
            if (OutOfProbes)
            {
                break;
            }

            var earliest = Math.Max(EarliestNs(ttl), _paces[ttl].NextNs);
            if (earliest > nowNs)
            {
                waitNs = Math.Min(waitNs, earliest);
                continue;
            }

            SendOne(flow, ttl, nowNs, send);
        }

        return waitNs;
    }

    /// <summary>What to send as things stand: until something changes, no more than that.</summary>
    private void Plan()
    {
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

        _graph = new MultipathGraph(State, IsSilent);
        var plan = new MultipathPlan(State, _graph, Rule(), AddFlow);
        plan.Make();
        _outOfFlows |= plan.OutOfFlows;
        _wanted.AddRange(Again());
        _wanted.AddRange(plan.Wanted);
    }

    /// <summary>While the target's distance is unknown one flow alone walks ahead; null once it has arrived or there is nothing to walk to.</summary>
    private List<(int Flow, int Ttl)>? Distance()
    {
        if (State.Flows.Count == 0 || State.Flows[0].ReachedTtl > 0)
        {
            return null;
        }

        var walk = new List<(int Flow, int Ttl)>();
        var highest = Options.FirstTtl - 1;
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
        }

        var open = Enumerable.Range(Options.FirstTtl, Options.MaxTtl - Options.FirstTtl + 1).Any(ttl => State.Find(0, ttl) is { Received: 0, Pending: > 0 });
        return walk.Count > 0 || open ? walk : null;
    }

    /// <summary>Probes that stayed without an answer and have attempts left.</summary>
    private IEnumerable<(int Flow, int Ttl)> Again()
    {
        for (var flow = 0; flow < State.Flows.Count; flow++)
        {
            var last = State.Flows[flow].ReachedTtl is > 0 and var end ? end : Options.MaxTtl;
            for (var ttl = Options.FirstTtl; ttl <= last; ttl++)
            {
                if (State.Find(flow, ttl) is { Received: 0, Pending: 0, Attempts: > 0 } hop && !IsSilent(hop, ttl))
                {
                    yield return (flow, ttl);
                }
            }
        }
    }

    private void SendOne(int flow, int ttl, long nowNs, List<ProbePacket> send)
    {
        var hop = State.Cell(flow, ttl);
        hop.Pending++;
        hop.Attempts++;
        _changed = true;
        _paces[ttl].Sent(nowNs);
        var number = Send(flow, ttl, nowNs, send);
        _pending.Add(number, new Pending(flow, ttl, nowNs, Answered: false, Overdue: false));
        _order.Enqueue(number);
        _open.Add(number);
    }

    private bool IsSilent(FlowHop hop, int ttl) => hop.Received == 0 && hop.Pending == 0 && hop.Attempts >= (
        _paces[ttl].Limited ? AttemptsWhereLimited : _hasAnswered[ttl] ? Attempts : AttemptsWhereNobodyAnswered);

    private int AddFlow()
    {
        if (_options.FlowAt(State.Flows.Count) is not { } flow)
        {
            return -1;
        }

        State.AddFlow(flow);
        return State.Flows.Count - 1;
    }

    private StoppingRule Rule()
    {
        // One rule for 1, 2, 4, 8, … decided nodes: the risk of each is its share of the whole graph's.
        var nodes = _options.Scope == ConfidenceScope.Hop ? 1 : (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(1, _graph.Vertices.Count()));
        if (!_rules.TryGetValue(nodes, out var rule))
        {
            _rules.Add(nodes, rule = new StoppingRule(RiskOfOneAmong(nodes)));
        }

        return rule;
    }

    private double RiskOfOne() => RiskOfOneAmong(_rules.Count == 0 ? 1 : _rules.Last().Key);

    private double RiskOfOneAmong(int nodes) => 1 - Math.Pow(_options.Confidence / 100, 1.0 / nodes);

    private long NextTimeNs(long nowNs)
    {
        var next = long.MaxValue;
        foreach (var number in _open)
        {
            var pending = _pending[number];
            next = Math.Min(next, pending.Overdue ? pending.SentNs + Options.TimeoutNs + 1 : pending.SentNs + QuietNs);
        }

        return next == long.MaxValue ? nowNs + BusyRetryNs : Math.Max(next, nowNs + 1);
    }

    private readonly record struct Pending(int Flow, int Ttl, long SentNs, bool Answered, bool Overdue);
}
