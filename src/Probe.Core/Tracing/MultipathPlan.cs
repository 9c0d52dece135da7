namespace Probe.Core.Tracing;

/// <summary>Says which probes the graph still needs, nearest TTL first.</summary>
internal abstract class MultipathPlan
{
    /// <summary>Silent hops in a row after which more of them are no longer searched for next hops.</summary>
    private protected const int MostSilentHopsSearched = 3;

    private readonly List<(int Flow, int Ttl)> _wanted = [];
    private readonly HashSet<(int Flow, int Ttl)> _unique = [];
    private readonly Func<int> _addFlow;

    private protected MultipathPlan(TraceState state, MultipathGraph graph, StoppingRule rule, Func<int> addFlow)
    {
        State = state;
        Graph = graph;
        Rule = rule;
        _addFlow = addFlow;
        Missing = new int[state.Options.MaxTtl + 2];
    }

    /// <summary>Probes to send.</summary>
    public IReadOnlyList<(int Flow, int Ttl)> Wanted => _wanted;

    /// <summary>Some vertex cannot be given more flows.</summary>
    public bool OutOfFlows { get; private set; }

    /// <summary>Answers still missing by TTL, those under way included.</summary>
    public int[] Missing { get; }

    private protected TraceState State { get; }

    private protected MultipathGraph Graph { get; }

    private protected StoppingRule Rule { get; }

    /// <summary>Fills <see cref="Wanted"/>.</summary>
    public void Make()
    {
        var silentHops = 0;
        foreach (var level in Graph.Levels)
        {
            if (level.Ttl >= State.Options.MaxTtl || level.Vertices.Count == 0)
            {
                continue;
            }

            silentHops = level.Vertices.TrueForAll(vertex => vertex.IsSilent) ? silentHops + 1 : 0;
            Complete(level, silentHops);
            ProveLinks(level);
        }
    }

    /// <summary>Wants what the next hops of one level's vertices lack.</summary>
    private protected abstract void Complete(Level level, int silentHops);

    /// <summary>Wants flows answered at a TTL to be sent there again, until balancing per packet would have shown.</summary>
    /// <param name="flows">The flows.</param>
    /// <param name="ttl">The TTL.</param>
    /// <param name="nextHops">Next hops among which packets would be spread.</param>
    /// <param name="repeats">Repeats answered so far.</param>
    private protected void Repeat(IEnumerable<int> flows, int ttl, int nextHops, int repeats)
    {
        var wanted = Graph.RepeatsNeeded(nextHops, ttl) - repeats;
        Missing[ttl] += Math.Max(0, wanted);
        if (wanted <= 0)
        {
            return;
        }

        var answered = flows.Where(flow => State.Find(flow, ttl) is { Received: > 0 }).ToList();
        wanted -= answered.Sum(flow => State.Find(flow, ttl)!.Pending);
        foreach (var flow in answered.OrderBy(flow => State.Find(flow, ttl)!.Attempts))
        {
            if (wanted-- <= 0)
            {
                return;
            }

            Want(flow, ttl);
        }
    }

    /// <summary>A flow, made for this; −1 when there are no more.</summary>
    private protected int AddFlow()
    {
        var flow = _addFlow();
        OutOfFlows |= flow < 0;
        return flow;
    }

    private protected bool Want(int flow, int ttl)
    {
        var isNew = _unique.Add((flow, ttl));
        if (isNew)
        {
            _wanted.Add((flow, ttl));
        }

        return isNew;
    }

    /// <summary>The flow may meet something at a TTL behind this level that it has not met yet.</summary>
    private protected bool IsFresh(int flow, int ttl) =>
        State.Find(flow, ttl) is null && (State.Flows[flow].ReachedTtl is var end && (end == 0 || end >= ttl));

    /// <summary>Flows not shown at a TTL prove no link from there: one flow of every next hop must be.</summary>
    private void ProveLinks(Level level)
    {
        if (level.Ttl < State.Options.FirstTtl || level.HasClump || level.Vertices.TrueForAll(vertex => vertex.Address.IsNone))
        {
            return;
        }

        var shown = new HashSet<Packets.IpAddress>();
        var unshown = new Dictionary<Packets.IpAddress, int>();
        for (var flow = 0; flow < State.Flows.Count; flow++)
        {
            if (State.Find(flow, level.Ttl + 1) is not { Received: > 0, Unordered: false } far)
            {
                continue;
            }

            if (State.Find(flow, level.Ttl) is not null)
            {
                shown.Add(far.Nodes[0].Address);
            }
            else
            {
                unshown.TryAdd(far.Nodes[0].Address, flow);
            }
        }

        foreach (var (address, flow) in unshown)
        {
            if (!shown.Contains(address))
            {
                Want(flow, level.Ttl);
            }
        }
    }
}
