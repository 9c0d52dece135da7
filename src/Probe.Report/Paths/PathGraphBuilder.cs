using Probe.Core.Evidence;

namespace Probe.Report.Paths;

/// <summary>
/// Builds a <see cref="PathGraph"/> TTL by TTL; silent hops follow from links with a silent side and from flows that come back later.
/// </summary>
internal sealed class PathGraphBuilder
{
    private const double RoundingError = 1e-9;

    private readonly TraceEvidence _trace;
    private readonly List<PathNode> _nodes = [];
    private readonly SortedDictionary<(int From, int To), Use> _edges = [];
    private readonly Dictionary<int, int> _lastSeen = [];

    public PathGraphBuilder(TraceEvidence trace)
    {
        _trace = trace;
        foreach (var (hop, node) in trace.Hops.SelectMany(hop => hop.Nodes.Select(node => (hop, node))))
        {
            foreach (var flow in node.Flows)
            {
                _lastSeen[flow] = hop.Ttl;
            }
        }
    }

    public PathGraph Build()
    {
        var first = _trace.Hops.Count > 0 ? _trace.Hops[0].Ttl : 1;
        IReadOnlyList<int> all = [.. _trace.Flows.Select(flow => flow.Id).Order()];
        _nodes.Add(
            new PathNode { Id = 1, Ttl = first - 1, LastTtl = first - 1, Kind = PathNodeKind.Source, Address = _trace.Source,
            Flows = all });
        Layer? near = null;
        foreach (var hop in _trace.Hops)
        {
            var far = AddAnswering(hop);
            if (near is null)
            {
                AddFirst(far, all);
            }
            else if (near.Hop.Ttl == hop.Ttl - 1)
            {
                Connect(near, far);
            }

            near = far;
        }

        foreach (var silent in near?.Silent.ToArray() ?? [])
        {
            _nodes[silent - 1] = _nodes[silent - 1] with { Ends = true };
        }

        return new PathGraph([.. _nodes], [.. _edges.Select(edge => Describe(edge.Key, edge.Value))]);
    }

    private Layer AddAnswering(HopEvidence hop)
    {
        var layer = new Layer(hop);
        foreach (var node in hop.Nodes)
        {
            // A node answers for its own flows alone; where packets of one flow met several nodes, only the hop as a whole has a figure.
            var loss = node.Sent is null ? hop.Loss : node.Loss;
            var target = string.Equals(node.Address, _trace.Address, StringComparison.Ordinal);
            _nodes.Add(new PathNode
            {
                Id = _nodes.Count + 1, Ttl = hop.Ttl, LastTtl = hop.Ttl, Kind = target ? PathNodeKind.Target : PathNodeKind.Router,
                Address = node.Address,
                Evidence = node, Loss = Whole(loss), Flows = [.. node.Flows.Order()],
            });
            layer.Answering.TryAdd(node.Address, _nodes.Count);
            foreach (var flow in node.Flows)
            {
                layer.Add(flow, _nodes.Count);
            }
        }

        return layer;
    }

    private void AddFirst(Layer far, IReadOnlyList<int> all)
    {
        foreach (var id in far.Answering.Values)
        {
            Edge(1, id, _nodes[id - 1].Flows, proved: far.Hop.Ttl == 1);
        }

        // Without path discovery every flow goes over every TTL; with it only the links tell which did.
        IReadOnlyList<int> silent = _trace.Multipath is null
            ? [.. all.Where(flow => far.NodesOf(flow).Count == 0)]
            : [.. LinksAt(far.Hop.Ttl).Where(link => link.From is null).SelectMany(link => link.Flows).Distinct().Order()];
        if (far.Hop.Nodes.Count == 0 || silent.Count > 0)
        {
            AddSilent(1, silent, far);
        }
    }

    private void Connect(Layer near, Layer far)
    {
        var links = LinksAt(near.Hop.Ttl).ToList();
        foreach (var link in links)
        {
            if (link.From is { } from && link.To is { } to)
            {
                if (near.Answering.TryGetValue(from, out var nearId) && far.Answering.TryGetValue(to, out var farId))
                {
                    Edge(nearId, farId, link.Flows, proved: true, link.Loss);
                }
            }
            else if (link.From is { } last && near.Answering.TryGetValue(last, out var lastId))
            {
                AddSilent(lastId, link.Flows, far);
            }
            else if (link.To is { } next && far.Answering.TryGetValue(next, out var nextId))
            {
                ComeBack(near, nextId, link.Flows);
            }
        }

        GoOnSilently(near, far);
        if (links.Count == 0 && far.Hop is { Nodes.Count: 0, Sent: > 0 })
        {
            // Packets of one flow met several addresses, then nobody answered: such hops have no links.
            foreach (var id in near.Answering.Values.Where(id => _nodes[id - 1].Kind == PathNodeKind.Router))
            {
                AddSilent(id, _nodes[id - 1].Flows, far);
            }
        }

        AddUnproved(near, far);
    }

    /// <summary>Flows that somebody answers again after silence.</summary>
    private void ComeBack(Layer near, int to, IReadOnlyList<int> flows)
    {
        foreach (var silent in near.Silent)
        {
            var common = _nodes[silent - 1].Flows.Intersect(flows).ToList();
            if (common.Count > 0 || _nodes[silent - 1].Flows.Count == 0)
            {
                Edge(silent, to, common.Count > 0 ? common : flows, proved: false);
            }
        }
    }

    /// <summary>Silence behind silence: another node as long as somebody answers the same flows later, else the end.</summary>
    private void GoOnSilently(Layer near, Layer far)
    {
        foreach (var id in near.Silent)
        {
            var node = _nodes[id - 1];
            var quiet = node.Flows.Where(flow => far.NodesOf(flow).Count == 0).ToList();
            var later = quiet.Where(flow => _lastSeen.GetValueOrDefault(flow) > far.Hop.Ttl).ToList();
            var never = quiet.Except(later).ToList();
            var unknown = node.Flows.Count == 0 && far.Hop.Nodes.Count == 0;
            if (later.Count > 0)
            {
                AddSilent(id, later, far);
            }

            if (never.Count == node.Flows.Count && (never.Count > 0 || unknown))
            {
                var nobody = _trace.Hops.All(hop => hop.Ttl < node.Ttl || hop.Nodes.Count == 0);
                _nodes[id - 1] = node with { Ends = true, LastTtl = nobody ? _trace.Hops[^1].Ttl : node.Ttl };
            }
            else if (never.Count > 0)
            {
                AddSilent(id, never, far);
            }
        }
    }

    /// <summary>What the same flow met at two neighbouring TTLs, though no link says that one leads to the other.</summary>
    private void AddUnproved(Layer near, Layer far)
    {
        foreach (var (flow, ends) in far.ByFlow.OrderBy(entry => entry.Key))
        {
            foreach (var from in near.NodesOf(flow))
            {
                foreach (var to in ends)
                {
                    if (_nodes[from - 1].Kind != PathNodeKind.Target
                        && !(_edges.TryGetValue((from, to), out var use) && use.Flows.Contains(flow)))
                    {
                        Edge(from, to, [flow], proved: false);
                    }
                }
            }
        }
    }

    private void AddSilent(int behind, IReadOnlyList<int> flows, Layer layer)
    {
        var existing = layer.Silent.Find(id => _edges.ContainsKey((behind, id)));
        if (existing != 0)
        {
            _nodes[existing - 1] = _nodes[existing - 1] with { Flows = [.. _nodes[existing - 1].Flows.Union(flows).Order()] };
        }
        else
        {
            existing = _nodes.Count + 1;
            var gone = flows.All(flow => _lastSeen.GetValueOrDefault(flow) < layer.Hop.Ttl);
            _nodes.Add(new PathNode
            {
                Id = existing, Ttl = layer.Hop.Ttl, LastTtl = layer.Hop.Ttl, Kind = PathNodeKind.Silent, Flows = [.. flows.Order()],

                // Silence is loss only where nobody behind answers these flows, and the hop as a whole claims some.
                Loss = gone && layer.Hop.Loss > RoundingError ? 1 : null,
            });
            layer.Silent.Add(existing);
        }

        foreach (var flow in flows)
        {
            layer.Add(flow, existing);
        }

        Edge(behind, existing, flows, proved: false);
    }

    private void Edge(int from, int to, IReadOnlyList<int> flows, bool proved, double? unanswered = null)
    {
        if (!_edges.TryGetValue((from, to), out var use))
        {
            _edges.Add((from, to), use = new Use(proved, unanswered));
        }

        use.Flows.UnionWith(flows);
    }

    private PathEdge Describe((int From, int To) ends, Use use) => new()
    {
        From = ends.From, To = ends.To, Flows = [.. use.Flows], Proved = use.Proved, Loss = Loss(_nodes[ends.To - 1], use.Unanswered),
    };

    /// <summary>What of a link's unanswered probes is loss: the same share as at its far end, whose silence may be a rate limit.</summary>
    private static double? Loss(PathNode far, double? unanswered)
    {
        if (unanswered is not { } own || far.Loss is not { } loss || far.Evidence is not { Sent: > 0 and var sent })
        {
            return far.Loss;
        }

        var all = (double)(sent - far.Evidence.Received) / sent;
        return all <= RoundingError ? 0 : Whole(Math.Min(1, own * loss / all));
    }

    private static double? Whole(double? fraction) => fraction is { } value ? Math.Clamp(value < RoundingError ? 0 : value, 0, 1) : null;

    private IEnumerable<LinkEvidence> LinksAt(int ttl) => _trace.Links.Where(link => link.Ttl == ttl);

    private sealed class Layer(HopEvidence hop)
    {
        public HopEvidence Hop { get; } = hop;

        public Dictionary<string, int> Answering { get; } = new(StringComparer.Ordinal);

        public List<int> Silent { get; } = [];

        public Dictionary<int, List<int>> ByFlow { get; } = [];

        public void Add(int flow, int id)
        {
            if (!ByFlow.TryGetValue(flow, out var ids))
            {
                ByFlow.Add(flow, ids = []);
            }

            if (!ids.Contains(id))
            {
                ids.Add(id);
            }
        }

        public List<int> NodesOf(int flow) => ByFlow.GetValueOrDefault(flow) ?? [];
    }

    private sealed class Use(bool proved, double? unanswered)
    {
        public bool Proved { get; } = proved;

        public double? Unanswered { get; } = unanswered;

        public SortedSet<int> Flows { get; } = [];
    }
}
