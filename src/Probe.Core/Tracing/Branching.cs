using System.Diagnostics;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;

namespace Probe.Core.Tracing;

/// <summary>
/// Where flows part and why, read off what they met: which nodes balance and how, where the route changed during the run, and behind which
/// nodes packets of one flow take ways that nobody can tell apart.
/// </summary>
internal sealed class Branching
{
    private const double Risk = 0.05;

    // Flows after which a node with one next hop seen has no second one (95 %).
    private static readonly int FlowsForOne = new StoppingRule(Risk).FlowsFor(1);

    private readonly TraceState _state;
    private readonly Dictionary<(int Ttl, IpAddress Address), NodeBalancing> _balancing = [];
    private readonly HashSet<(int Flow, int Ttl)> _unordered = [];
    private readonly List<RouteChange> _changes = [];
    private readonly List<Place> _places = [];
    private readonly int[] _placeOf;

    /// <summary>Reads the observations.</summary>
    public Branching(TraceState state)
    {
        _state = state;
        _placeOf = new int[state.Flows.Count];
        if (IsOneWay(state))
        {
            return;
        }

        _places.Add(new Place(state.Options.FirstTtl - 1, default));
        for (var ttl = state.Options.FirstTtl; ttl <= state.Options.MaxTtl; ttl++)
        {
            var groups = Enumerable.Range(0, _placeOf.Length)
                .Where(flow => state.Flows[flow].ReachedTtl is var end && (end == 0 || ttl <= end))
                .GroupBy(flow => _placeOf[flow]).ToArray();
            var at = new Dictionary<IpAddress, int>();
            foreach (var group in groups)
            {
                Advance(group.Key, [.. group], ttl, at);
            }
        }
    }

    /// <summary>The changes of route, by TTL.</summary>
    public IReadOnlyList<RouteChange> Changes => _changes;

    /// <summary>
    /// <c>single</c>: enough flows rule out a second next hop at 95 %. <c>per-flow</c>: several, and flows that were sent again kept to
    /// theirs, often enough to rule out chance. <c>per-packet</c>, or <c>unknown</c>. After a change of route: as it was in the end.
    /// </summary>
    public NodeBalancing BalancingOf(IpAddress node, int ttl) => _balancing.GetValueOrDefault((ttl, node), NodeBalancing.Unknown);

    /// <summary>Packets of this flow may have gone several ways before this TTL, so that what it met here proves no link.</summary>
    public bool IsUnordered(int flow, int ttl) => _unordered.Contains((flow, ttl));

    /// <summary>One flow that met one address at each TTL parts nowhere; most traces of a long list are such.</summary>
    private static bool IsOneWay(TraceState state) =>
        state.Flows.Count == 1 && !Array.Exists(state.Flows[0].Hops, hop => hop is { Nodes.Count: > 1 });

    /// <summary>Takes the flows that stand together at a place to where they were seen next.</summary>
    private void Advance(int from, List<int> flows, int ttl, Dictionary<IpAddress, int> at)
    {
        var cells = flows.Select(flow => (Flow: flow, Hop: _state.Find(flow, ttl))).Where(cell => cell.Hop is { Sent: > 0 })
            .Select(cell => (cell.Flow, Hop: cell.Hop!)).ToList();
        var addresses = cells.SelectMany(cell => cell.Hop.Nodes).Select(node => node.Address).Distinct().ToArray();
        var place = _places[from];
        if (place.IsClump)
        {
            Unorder(addresses.Length > 1 ? cells : [], ttl);
        }

        if (cells.Count == 0 || (place.IsClump && addresses.Length != 1))
        {
            return;
        }

        var cause = place.IsClump ? null : Judge(place, cells, ttl);
        if (cause is SwitchCause.PerPacket or SwitchCause.Unknown)
        {
            Unorder(cells, ttl);
            var clump = Add(new Place(ttl, default, IsClump: true));
            flows.ForEach(flow => _placeOf[flow] = clump);
            return;
        }

        var silent = -1;
        var moved = -1;
        foreach (var flow in flows)
        {
            _placeOf[flow] = _state.Find(flow, ttl) switch
            {
                { Nodes: [var only] } => PlaceAt(only.Address),
                { Nodes.Count: > 1 } => moved = moved < 0 ? Add(new Place(ttl, default, IsClump: true)) : moved,

                // All others meet here: so does a flow that was not sent to this TTL, or not answered in a clump that ends here.
                null or { Sent: 0 } when addresses.Length == 1 => PlaceAt(addresses[0]),
                _ when place.IsClump => PlaceAt(addresses[0]),
                { Sent: > 0 } => silent = silent < 0 ? Add(new Place(ttl, default)) : silent,
                _ => Add(new Place(ttl, default)),
            };
        }

        int PlaceAt(IpAddress address)
        {
            if (!at.TryGetValue(address, out var known))
            {
                at.Add(address, known = Add(new Place(ttl, address)));
            }

            return known;
        }
    }

    private SwitchCause? Judge(Place place, List<(int Flow, FlowHop Hop)> cells, int ttl)
    {
        SwitchCause? cause = null;
        if (cells.Exists(cell => cell.Hop.Runs is not null))
        {
            var reading = new SwitchReading(cells, Enumerable.Range(ttl + 1, _state.Options.MaxTtl - ttl)
                .Select(later =>
                    cells.Select(cell => _state.Find(cell.Flow, later)).OfType<FlowHop>().Where(hop => hop.Runs is not null).ToList())
                .TakeWhile(hops => hops.Count > 0));
            cause = reading.Cause;
            _changes.AddRange(cause == SwitchCause.RouteChange ? reading.Changes(ttl) : []);
        }

        if (!place.Address.IsNone && place.Ttl == ttl - 1)
        {
            _balancing[(place.Ttl, place.Address)] = cause switch
            {
                SwitchCause.PerPacket => NodeBalancing.PerPacket,
                SwitchCause.Unknown => NodeBalancing.Unknown,
                SwitchCause.RouteChange or null => ByFlow(cells),
                _ => throw new UnreachableException($"nobody said how a node balances after {cause}"),
            };
        }

        return cause;
    }

    private static NodeBalancing ByFlow(List<(int Flow, FlowHop Hop)> cells)
    {
        var answered = cells.FindAll(cell => cell.Hop.Received > 0);
        var last = answered.Select(cell => cell.Hop.Runs is { Runs: [.., var run] } ? run.From : cell.Hop.Nodes[0].Address).Distinct()
            .Count();
        var repeats = answered.Sum(cell => cell.Hop.Received - 1);
        return last switch
        {
            1 when answered.Count >= FlowsForOne => NodeBalancing.Single,
            > 1 when repeats >= StoppingRule.RepeatsFor(last, Risk) => NodeBalancing.PerFlow,
            _ => NodeBalancing.Unknown,
        };
    }

    private void Unorder(List<(int Flow, FlowHop Hop)> cells, int ttl)
    {
        foreach (var (flow, _) in cells)
        {
            _unordered.Add((flow, ttl));
        }
    }

    private int Add(Place place)
    {
        _places.Add(place);
        return _places.Count - 1;
    }

    /// <summary>Where flows stand together: at a node, silent behind a common one, or in a clump.</summary>
    private sealed record Place(int Ttl, IpAddress Address, bool IsClump = false);
}
