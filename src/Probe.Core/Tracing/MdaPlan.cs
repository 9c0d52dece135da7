namespace Probe.Core.Tracing;

/// <summary>
/// The multipath detection algorithm: every vertex must have as many answered flows at the next TTL as the stopping rule asks for the next
/// hops it has shown; flows that reach a vertex are found by sending more through the vertices before it (node control).
/// </summary>
internal sealed class MdaPlan(TraceState state, MultipathGraph graph, StoppingRule rule, Func<int> addFlow)
    : MultipathPlan(state, graph, rule, addFlow)
{
    private const double Eagerness = 0.6;

    // A silent branch with far less than an even share is a few flows that a limited hop left without an answer: no more are sought for it.
    private const double LeastPart = 0.3;

    private readonly Dictionary<Vertex, int> _planned = [];

    private protected override void Complete(Level level, int silentHops)
    {
        foreach (var vertex in level.Vertices)
        {
            var missing = MissingBehind(vertex, silentHops);
            Missing[vertex.Ttl + 1] += Math.Max(0, missing);
            if (missing > 0)
            {
                Demand(vertex, missing);
            }
            else if (vertex is { Pending: 0, PerPacket: false, IsClump: false })
            {
                Repeat(vertex.Flows, vertex.Ttl + 1, vertex.NextAddresses.Count, vertex.Proofs);
            }
        }
    }

    /// <summary>Flows that must still be answered behind a vertex. Silence is believed of as many flows as one next hop is.</summary>
    private int MissingBehind(Vertex vertex, int silentHops)
    {
        if (vertex.Answered > 0)
        {
            var needed = Rule.FlowsFor(vertex.NextAddresses.Count);

            // A branch that never answers must not be fed for ever.
            return vertex.Silent >= 2 * needed ? 0 : needed - vertex.Answered;
        }

        return (silentHops > MostSilentHopsSearched ? 1 : Rule.FlowsFor(1)) - vertex.Silent;
    }

    /// <summary>Wants so many more flows to be answered behind a vertex, counting those under way.</summary>
    private void Demand(Vertex vertex, int count)
    {
        var ttl = vertex.Ttl + 1;
        count -= vertex.Pending + _planned.GetValueOrDefault(vertex);
        foreach (var flow in vertex.Flows)
        {
            if (count <= 0)
            {
                return;
            }

            if (State.Find(flow, ttl) is null && Want(flow, ttl))
            {
                _planned[vertex] = _planned.GetValueOrDefault(vertex) + 1;
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
                var flow = AddFlow();
                if (flow < 0)
                {
                    return;
                }

                vertex.Flows.Add(flow);
                Want(flow, ttl);
                _planned[vertex] = _planned.GetValueOrDefault(vertex) + 1;
            }

            return;
        }

        // Some of the flows sent through the vertex before will come here; asking for somewhat fewer than expected wastes none.
        if (MultipathGraph.BestBefore(vertex) is { } before && !(vertex.IsSilent && before.ShareOf(vertex) < LeastPart / before.Next.Count))
        {
            var more = Math.Max(1, (int)(Eagerness * count / before.ShareOf(vertex)));
            Missing[vertex.Ttl] += more;
            Demand(before, more);
        }
    }
}
