namespace Probe.Core.Tracing;

/// <summary>
/// Says which probes the graph still needs. Every vertex must have as many answered flows at the next TTL as the stopping rule asks for
/// the next hops it has shown; flows that reach a vertex are found by sending more through the vertices before it (node control).
/// </summary>
internal sealed class MultipathPlan
{
    private readonly TraceState _state;
    private readonly MultipathGraph _graph;
    private readonly StoppingRule _rule;
    private readonly Func<int> _addFlow;
    private readonly Dictionary<(Vertex Vertex, int Ttl), int> _planned = [];
    private readonly List<(int Flow, int Ttl)> _wanted = [];
    private readonly HashSet<(int Flow, int Ttl)> _unique = [];

    /// <param name="state">The observations.</param>
    /// <param name="graph">What they make.</param>
    /// <param name="rule">When a vertex is done.</param>
    /// <param name="addFlow">Makes a flow and returns its index; −1 when there are no more.</param>
    public MultipathPlan(TraceState state, MultipathGraph graph, StoppingRule rule, Func<int> addFlow)
    {
        _state = state;
        _graph = graph;
        _rule = rule;
        _addFlow = addFlow;
    }

    /// <summary>Probes to send, nearest TTL first.</summary>
    public IReadOnlyList<(int Flow, int Ttl)> Wanted => _wanted;

    /// <summary>Some vertex cannot be given more flows.</summary>
    public bool OutOfFlows { get; private set; }

    /// <summary>Fills <see cref="Wanted"/>.</summary>
    public void Make()
    {
        var silentHops = 0;
        foreach (var level in _graph.Levels)
        {
            silentHops = level.Count > 0 && level.All(vertex => vertex.Address.IsNone && !vertex.IsClump && vertex != _graph.Source) ? silentHops + 1 : 0;
            foreach (var vertex in level)
            {
                if (vertex.Ttl < _state.Options.MaxTtl)
                {
                    Complete(vertex, silentHops);
                }
            }
        }
    }

    /// <summary>True when the vertex needs no more answers at the next TTL.</summary>
    public bool IsComplete(Vertex vertex, int silentHops = 0) => Missing(vertex, silentHops) <= 0 && !NeedsRepeat(vertex);

    private void Complete(Vertex vertex, int silentHops)
    {
        var missing = Missing(vertex, silentHops);
        if (missing > 0)
        {
            Demand(vertex, missing);
        }
        else if (vertex.Pending == 0)
        {
            AskForRepeats(vertex);
            WitnessLinks(vertex);
        }
    }

    /// <summary>Flows that must still be answered behind a vertex. Silence is believed of as many flows as one next hop is.</summary>
    private int Missing(Vertex vertex, int silentHops)
    {
        if (vertex.Answered > 0)
        {
            var needed = _rule.FlowsFor(vertex.NextAddresses.Count);

            // A branch that never answers must not be fed for ever.
            return vertex.Silent >= 2 * needed ? 0 : needed - vertex.Answered;
        }

        var believed = silentHops > MostSilentHopsSearched ? 1 : _rule.FlowsFor(1);
        return believed - vertex.Silent;
    }

    private const int MostSilentHopsSearched = 3;

    /// <summary>Two next hops may be one flow's two ways: the same flow is sent again as often as rules out an even chance.</summary>
    private bool NeedsRepeat(Vertex vertex) =>
        vertex.NextAddresses.Count > 1 && !vertex.PerPacket && !vertex.IsClump && vertex.Repeats < _rule.FlowsFor(1) - 1;

    private void AskForRepeats(Vertex vertex)
    {
        if (!NeedsRepeat(vertex))
        {
            return;
        }

        var ttl = vertex.Ttl + 1;
        var open = vertex.Flows.Sum(flow => _state.Find(flow, ttl) is { Received: > 0 } hop ? hop.Pending : 0);
        var wanted = _rule.FlowsFor(1) - 1 - vertex.Repeats - open;
        foreach (var flow in vertex.Flows.Where(flow => _state.Find(flow, ttl) is { Received: > 0 }).OrderBy(flow => _state.Find(flow, ttl)!.Attempts))
        {
            if (wanted-- <= 0)
            {
                return;
            }

            Want(flow, ttl);
        }
    }

    /// <summary>A flow that was only taken to pass proves no link: one flow of every next hop is shown at this vertex too.</summary>
    private void WitnessLinks(Vertex vertex)
    {
        if (!vertex.TakesAll || vertex.Address.IsNone)
        {
            return;
        }

        foreach (var group in vertex.Flows.Where(flow => _state.Find(flow, vertex.Ttl + 1) is { Received: > 0, Unordered: false })
            .GroupBy(flow => _state.Find(flow, vertex.Ttl + 1)!.Nodes[0].Address))
        {
            if (!group.Any(flow => _state.Find(flow, vertex.Ttl) is not null))
            {
                Want(group.First(), vertex.Ttl);
            }
        }
    }

    /// <summary>Wants so many more flows to be answered behind a vertex, counting those under way.</summary>
    private void Demand(Vertex vertex, int count)
    {
        var ttl = vertex.Ttl + 1;
        var key = (vertex, ttl);
        count -= vertex.Pending + _planned.GetValueOrDefault(key);
        foreach (var flow in vertex.Flows)
        {
            if (count <= 0)
            {
                return;
            }

            if (_state.Find(flow, ttl) is null && Want(flow, ttl))
            {
                _planned[key] = _planned.GetValueOrDefault(key) + 1;
                count--;
            }
        }

        if (count <= 0)
        {
            return;
        }

        if (vertex.TakesAll)
        {
            for (; count > 0; count--)
            {
                var flow = _addFlow();
                if (flow < 0)
                {
                    OutOfFlows = true;
                    return;
                }

                vertex.Flows.Add(flow);
                Want(flow, ttl);
                _planned[key] = _planned.GetValueOrDefault(key) + 1;
            }

            return;
        }

        // Some of the flows sent through the vertex before will come here; asking for somewhat fewer than expected wastes none.
        if (_graph.BestBefore(vertex) is { } before)
        {
            Demand(before, Math.Max(1, (int)(Eagerness * count / before.ShareOf(vertex))));
        }
    }

    private const double Eagerness = 0.6;

    private bool Want(int flow, int ttl)
    {
        var isNew = _unique.Add((flow, ttl));
        if (isNew)
        {
            _wanted.Add((flow, ttl));
        }

        return isNew;
    }
}
