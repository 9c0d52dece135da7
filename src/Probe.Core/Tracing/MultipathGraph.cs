using Probe.Core.Packets;

namespace Probe.Core.Tracing;

/// <summary>The graph that the observations so far make, rebuilt from them before each plan.</summary>
internal sealed class MultipathGraph
{
    private const int FlowsOfASoleVertex = 6;

    private readonly TraceState _state;
    private readonly Func<FlowHop, int, bool> _isSilent;
    private readonly Dictionary<(int Ttl, IpAddress Address), Vertex> _byAddress = [];
    private readonly List<Level> _levels = [];

    /// <param name="state">The observations.</param>
    /// <param name="isSilent">True when a flow's hop has been tried often enough to be called silent.</param>
    public MultipathGraph(TraceState state, Func<FlowHop, int, bool> isSilent)
    {
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
    }

    /// <summary>This host.</summary>
    public Vertex Source { get; }

    /// <summary>The vertices by distance, the source's level first.</summary>
    public IReadOnlyList<Level> Levels => _levels;

    /// <summary>All vertices whose next hops are searched for.</summary>
    public IEnumerable<Vertex> Vertices => _levels.SelectMany(level => level.Vertices);

    /// <summary>The TTL of the farthest vertex that seems to balance per packet; 0 where none does. The balancer may be any before it.</summary>
    public int LastPerPacketTtl { get; private set; }

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

        LastPerPacketTtl = vertex is { PerPacket: true, IsClump: false } ? vertex.Ttl : LastPerPacketTtl;
        var together = vertex.PerPacket || (vertex.IsClump && vertex.NextAddresses.Count > 1);
        Vertex? clump = null;
        Vertex? silent = null;
        foreach (var flow in vertex.Flows)
        {
            if (_state.Find(flow, level.Ttl) is not { } hop)
            {
                continue;
            }

            hop.Unordered = together;
            if (hop.Received > 0)
            {
                vertex.Answered++;
                vertex.Repeats += hop.Received - 1;
                if (!EndsAt(flow, level.Ttl))
                {
                    Join(together ? clump ??= Add(level, new Vertex(level.Ttl, default) { IsClump = true }) : At(level, hop.Nodes[0].Address), vertex, flow);
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

    /// <summary>Counts what all flows met at a TTL; one that was not shown at the TTL before belongs to its address here all the same.</summary>
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
                    hop.Unordered = level.HasClump;
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
        if (!level.HasClump)
        {
            At(level, hop.Nodes[0].Address).Flows.Add(flow);
        }
    }

    /// <summary>
    /// Where all flows of a hop that itself takes all meet in one vertex and none ended, new flows pass there too: they count as its flows
    /// without a probe of their own.
    /// </summary>
    private void MarkSole(Level before, Level level)
    {
        if (before.Vertices is not [{ TakesAll: true, Pending: 0, Silent: 0, Answered: >= FlowsOfASoleVertex, NextAddresses.Count: 1 }]
            || level.Vertices is not [{ Address.IsNone: false } sole]
            || _state.Flows.Any(flow => flow.ReachedTtl > 0 && flow.ReachedTtl <= level.Ttl))
        {
            return;
        }

        sole.TakesAll = true;
        for (var flow = 0; flow < _state.Flows.Count; flow++)
        {
            if (_state.Find(flow, level.Ttl) is null)
            {
                sole.Flows.Add(flow);
            }
        }
    }
}
