using Probe.Core.Packets;

namespace Probe.Core.Tracing;

/// <summary>The graph that the observations so far make, rebuilt from them before each plan.</summary>
internal sealed class MultipathGraph
{
    private const int FlowsOfASoleVertex = 6;

    // A link behind a balancer that decides per packet would be an invention: where one is suspected, those before it must prove
    // themselves.
    private const double RiskOfInvention = 1e-6;

    private readonly TraceState _state;
    private readonly Func<FlowHop, int, bool> _isSilent;
    private readonly double _risk;
    private readonly bool _byHop;
    private readonly Dictionary<(int Ttl, IpAddress Address), Vertex> _byAddress = [];
    private readonly List<Level> _levels = [];

    // The farthest vertex that seems to balance per packet. The balancer may be any before it.
    private int _lastPerPacketTtl;

    /// <param name="state">The observations.</param>
    /// <param name="isSilent">True when a flow's hop has been tried often enough to be called silent.</param>
    /// <param name="risk">Risk at which a balancer is taken to keep flows to their ways.</param>
    /// <param name="byHop">A hop's nodes are taken to be alike, so that what one of them proved holds for all.</param>
    public MultipathGraph(TraceState state, Func<FlowHop, int, bool> isSilent, double risk, bool byHop)
    {
        _risk = risk;
        _byHop = byHop;
        _state = state;
        _isSilent = isSilent;
        Source = new Vertex(state.Options.FirstTtl - 1, default) { TakesAll = true };
        Source.Flows.AddRange(Enumerable.Range(0, state.Flows.Count));
        _levels.Add(new Level(Source.Ttl) { Vertices = { Source } });
        for (var ttl = state.Options.FirstTtl; ttl <= state.Options.MaxTtl && _levels[^1].Vertices.Count > 0; ttl++)
        {
            var (before, level) = (_levels[^1], new Level(ttl));
            _levels.Add(level);
            foreach (var vertex in before.Vertices)
            {
                Tally(vertex, level);
            }

            Count(level);
            MarkSole(before, level);
        }

        foreach (var level in _levels)
        {
            MarkDoubtful(level);
        }
    }

    /// <summary>This host.</summary>
    public Vertex Source { get; }

    /// <summary>The vertices by distance, the source's level first.</summary>
    public IReadOnlyList<Level> Levels => _levels;

    /// <summary>All vertices whose next hops are searched for.</summary>
    public IEnumerable<Vertex> Vertices => _levels.SelectMany(level => level.Vertices);

    /// <summary>
    /// Answered repeats of flows that it takes at a TTL to believe that the balancer before it does not decide per packet; farther on such
    /// balancing was seen, so that even a single next hop may be one of two.
    /// </summary>
    public int RepeatsNeeded(int nextHops, int ttl) => nextHops > 0 && ttl <= _lastPerPacketTtl
        ? StoppingRule.RepeatsFor(Math.Max(2, nextHops), RiskOfInvention)
        : StoppingRule.RepeatsFor(nextHops, _risk);

    /// <summary>The vertex through which most flows of another come; null for the source.</summary>
    public static Vertex? BestBefore(Vertex vertex) => vertex.Before.MaxBy(before => before.ShareOf(vertex));

    private void Tally(Vertex vertex, Level level)
    {
        // Two addresses for one flow come first: they decide whether what follows is a clump.
        foreach (var flow in vertex.Flows)
        {
            if (_state.Find(flow, level.Ttl) is { Received: > 0 } hop)
            {
                vertex.PerPacket |= hop.Nodes.Count > 1;
                foreach (var node in hop.Nodes)
                {
                    vertex.NextAddresses.Add(node.Address);
                }
            }
        }

        _lastPerPacketTtl = vertex is { PerPacket: true, IsClump: false } ? vertex.Ttl : _lastPerPacketTtl;
        var together = vertex.PerPacket || (vertex.IsClump && vertex.NextAddresses.Count > 1);
        Vertex? clump = null;
        Vertex? silent = null;
        foreach (var flow in vertex.Flows)
        {
            if (_state.Find(flow, level.Ttl) is not { } hop)
            {
                continue;
            }

            if (hop.Received > 0)
            {
                vertex.Answered++;
                vertex.Repeats += hop.Received - 1;
                if (!EndsAt(flow, level.Ttl))
                {
                    Join(together
                        ? clump ??= Add(level, new Vertex(level.Ttl, default) { IsClump = true }) : At(level, hop.Nodes[0].Address), vertex,
                        flow);
                }
            }
            else if (_isSilent(hop, level.Ttl))
            {
                vertex.Silent++;
                Join(silent ??= Add(level, new Vertex(level.Ttl, default)), vertex, flow);
            }
            else if (hop.Attempts > 0)
            {
                vertex.Pending++;
            }
        }
    }

    private bool EndsAt(int flow, int ttl) => _state.Flows[flow].ReachedTtl is > 0 and var end && end <= ttl;

    private static void Join(Vertex next, Vertex vertex, int flow)
    {
        next.Flows.Add(flow);
        next.Before.Add(vertex);
        vertex.Next[next] = vertex.Next.GetValueOrDefault(next) + 1;
    }

    private Vertex At(Level level, IpAddress address)
    {
        if (!_byAddress.TryGetValue((level.Ttl, address), out var vertex))
        {
            _byAddress.Add((level.Ttl, address), vertex = Add(level, new Vertex(level.Ttl, address)));
        }

        return vertex;
    }

    private static Vertex Add(Level level, Vertex vertex)
    {
        level.Vertices.Add(vertex);
        return vertex;
    }

    /// <summary>
    /// Counts what all flows met at a TTL; one that was not shown at the TTL before belongs to its address here all the same.
    /// </summary>
    private void Count(Level level)
    {
        var placed = new bool[_state.Flows.Count];
        foreach (var vertex in level.Vertices)
        {
            foreach (var flow in vertex.Flows)
            {
                placed[flow] = true;
            }
        }

        for (var flow = 0; flow < _state.Flows.Count; flow++)
        {
            if (_state.Find(flow, level.Ttl) is not { Attempts: > 0 } hop)
            {
                continue;
            }

            if (hop.Received > 0)
            {
                level.Answered++;
                level.Repeats += hop.Received - 1;
                foreach (var node in hop.Nodes)
                {
                    level.Addresses.Add(node.Address);
                }

                if (EndsAt(flow, level.Ttl))
                {
                    level.Ended++;
                }
                else if (!placed[flow])
                {
                    Place(level, hop, flow);
                }
            }
            else if (_isSilent(hop, level.Ttl))
            {
                level.Silent++;
            }
            else
            {
                level.Pending++;
            }
        }
    }

    private void Place(Level level, FlowHop hop, int flow)
    {
        // Behind a per-packet balancer it came one way of many, and might as well have come another.
        var vertex = level.Vertices.Find(other => other.IsClump) ?? At(level, hop.Nodes[0].Address);
        vertex.Flows.Add(flow);
    }

    /// <summary>
    /// Marks what the flows of a level prove no link from: clumps, and what lies behind a balancer that has not proved itself.
    /// </summary>
    private void MarkDoubtful(Level level)
    {
        foreach (var vertex in level.Vertices)
        {
            vertex.IsDoubtful = vertex.IsClump
                || ((level.Vertices.Count > 1 || level.Answered < FlowsOfASoleVertex)
                    && vertex.Before.Any(before => before.IsDoubtful || Doubts(before, level)));
            foreach (var flow in vertex.Flows)
            {
                if (_state.Find(flow, level.Ttl) is { } hop)
                {
                    hop.Unordered = vertex.IsDoubtful;
                }
            }
        }
    }

    private bool Doubts(Vertex vertex, Level next) =>
        vertex.PerPacket || (_byHop ? next.Repeats : vertex.Proofs) < RepeatsNeeded(vertex.NextAddresses.Count, next.Ttl);

    /// <summary>
    /// Where all flows of a hop that itself takes all meet in one vertex and none ended, new flows pass there too: they count as its flows
    /// without a probe of their own.
    /// </summary>
    private void MarkSole(Level before, Level level)
    {
        if (before.Vertices is not [{ TakesAll: true, Silent: 0, Answered: >= FlowsOfASoleVertex, NextAddresses.Count: 1 }]
            || level.Vertices is not [{ Address.IsNone: false } sole]
            || _state.Flows.Any(flow => flow.ReachedTtl > 0 && flow.ReachedTtl <= level.Ttl))
        {
            return;
        }

        sole.TakesAll = true;
        for (var flow = 0; flow < _state.Flows.Count; flow++)
        {
            if (_state.Find(flow, level.Ttl) is not { Received: > 0 })
            {
                sole.Flows.Add(flow);
            }
        }
    }
}
