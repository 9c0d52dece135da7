using Probe.Core.Packets;

namespace Probe.Core.Tracing;

/// <summary>
/// One place where flows part: an address at a TTL, the source, a silent hop behind one certain predecessor (two silent hops are never one),
/// or a clump of addresses behind a per-packet balancer, which flows cannot tell apart.
/// </summary>
internal sealed class Vertex(int ttl, IpAddress address)
{
    /// <summary>TTL; 0 or the TTL before the first for the source.</summary>
    public int Ttl => ttl;

    /// <summary>Its address; none for the source, a silent hop and a clump.</summary>
    public IpAddress Address => address;

    /// <summary>Indices of the flows known to pass, or, behind a hop with this one vertex alone, taken to pass.</summary>
    public List<int> Flows { get; } = [];

    /// <summary>The vertices behind it and how many of its flows go to each.</summary>
    public Dictionary<Vertex, int> Next { get; } = [];

    /// <summary>Addresses seen behind it; more than <see cref="Next"/> holds when they form a clump.</summary>
    public HashSet<IpAddress> NextAddresses { get; } = [];

    /// <summary>Flows answered at the next TTL.</summary>
    public int Answered { get; set; }

    /// <summary>Flows that stayed silent there after all attempts.</summary>
    public int Silent { get; set; }

    /// <summary>Flows whose probe there is under way.</summary>
    public int Pending { get; set; }

    /// <summary>Probes answered there beyond the first of a flow: each could have shown per-packet balancing.</summary>
    public int Repeats { get; set; }

    /// <summary>A flow of it was answered by two addresses: it balances packet by packet.</summary>
    public bool PerPacket { get; set; }

    /// <summary>The part of its flows that goes to one of its next hops.</summary>
    public double ShareOf(Vertex next) => (double)Next[next] / Math.Max(1, Answered + Silent);

    /// <summary>It is a clump: what flows do behind it is not theirs.</summary>
    public bool IsClump { get; init; }

    /// <summary>Every flow ends here or passes here, so that new flows need not be shown to.</summary>
    public bool TakesAll { get; set; }
}

/// <summary>The graph that the observations so far make, rebuilt from them whenever they changed.</summary>
internal sealed class MultipathGraph
{
    private readonly TraceState _state;
    private readonly Func<FlowHop, int, bool> _isSilent;
    private readonly Dictionary<(int Ttl, IpAddress Address), Vertex> _byAddress = [];
    private readonly List<List<Vertex>> _levels = [];

    /// <param name="state">The observations.</param>
    /// <param name="isSilent">True when a flow's hop has been tried often enough to be called silent.</param>
    public MultipathGraph(TraceState state, Func<FlowHop, int, bool> isSilent)
    {
        _state = state;
        _isSilent = isSilent;
        Source = new Vertex(state.Options.FirstTtl - 1, default) { TakesAll = true };
        for (var flow = 0; flow < state.Flows.Count; flow++)
        {
            Source.Flows.Add(flow);
        }

        _levels.Add([Source]);
        for (var ttl = state.Options.FirstTtl; ttl <= state.Options.MaxTtl && _levels[^1].Count > 0; ttl++)
        {
            _levels.Add([]);
            foreach (var vertex in _levels[^2])
            {
                Tally(vertex, ttl);
            }

            MarkSole(ttl);
        }
    }

    /// <summary>This host.</summary>
    public Vertex Source { get; }

    /// <summary>The vertices by distance, the source's level first; targets are left out, nothing lies behind them.</summary>
    public IReadOnlyList<IReadOnlyList<Vertex>> Levels => _levels;

    /// <summary>The vertex through which most flows of another come; null for the source.</summary>
    public Vertex? BestBefore(Vertex vertex)
    {
        var level = vertex.Ttl - Source.Ttl - 1;
        return level < 0 ? null : _levels[level].Where(before => before.Next.ContainsKey(vertex)).MaxBy(before => before.ShareOf(vertex));
    }

    /// <summary>All vertices whose next hops are searched for.</summary>
    public IEnumerable<Vertex> Vertices => _levels.SelectMany(level => level);

    private void Tally(Vertex vertex, int ttl)
    {
        // Two addresses for one flow come first: they decide whether what follows is a clump.
        foreach (var flow in vertex.Flows)
        {
            vertex.PerPacket |= _state.Find(flow, ttl) is { Nodes.Count: > 1 };
        }

        var together = vertex.PerPacket || (vertex.IsClump && CountAddresses(vertex, ttl) > 1);
        Vertex? clump = null;
        Vertex? silent = null;
        foreach (var flow in vertex.Flows)
        {
            if (_state.Find(flow, ttl) is not { } hop)
            {
                continue;
            }

            hop.Unordered = together;
            if (hop.Received > 0)
            {
                vertex.Answered++;
                vertex.Repeats += hop.Received - 1;
                vertex.NextAddresses.UnionWith(hop.Nodes.Select(node => node.Address));
                if (_state.Flows[flow].ReachedTtl is > 0 and var end && end <= ttl)
                {
                    continue;
                }

                Join(together ? clump ??= Add(new Vertex(ttl, default) { IsClump = true }) : At(ttl, hop.Nodes[0].Address), vertex, flow);
            }
            else if (_isSilent(hop, ttl))
            {
                vertex.Silent++;
                Join(silent ??= Add(new Vertex(ttl, default)), vertex, flow);
            }
            else if (hop.Pending > 0 || hop.Attempts > 0)
            {
                vertex.Pending++;
            }
        }
    }

    private int CountAddresses(Vertex vertex, int ttl) =>
        vertex.Flows.Select(flow => _state.Find(flow, ttl)).Where(hop => hop is { Received: > 0 }).Select(hop => hop!.Nodes[0].Address).Distinct().Count();

    private static void Join(Vertex next, Vertex vertex, int flow)
    {
        next.Flows.Add(flow);
        vertex.Next[next] = vertex.Next.GetValueOrDefault(next) + 1;
    }

    private Vertex At(int ttl, IpAddress address)
    {
        if (!_byAddress.TryGetValue((ttl, address), out var vertex))
        {
            _byAddress.Add((ttl, address), vertex = Add(new Vertex(ttl, address)));
        }

        return vertex;
    }

    private Vertex Add(Vertex vertex)
    {
        _levels[^1].Add(vertex);
        return vertex;
    }

    /// <summary>
    /// Where all flows of a hop that itself takes all meet in one vertex and none ended, new flows pass there too: they count as its flows
    /// without a probe of their own.
    /// </summary>
    private void MarkSole(int ttl)
    {
        if (_levels[^2] is not [{ TakesAll: true, Pending: 0, Silent: 0 } before] || _levels[^1] is not [var sole]
            || sole.Address.IsNone || before.NextAddresses.Count != 1 || before.Answered < FlowsOfASoleVertex
            || _state.Flows.Any(flow => flow.ReachedTtl > 0 && flow.ReachedTtl <= ttl))
        {
            return;
        }

        sole.TakesAll = true;
        for (var flow = 0; flow < _state.Flows.Count; flow++)
        {
            if (_state.Find(flow, ttl) is null)
            {
                sole.Flows.Add(flow);
            }
        }
    }

    private const int FlowsOfASoleVertex = 6;
}
