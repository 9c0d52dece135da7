using Probe.Core.Packets;

namespace Probe.Core.Tracing;

/// <summary>Few flows that together meet every node and every link that a search has found, so that all of them can be watched.</summary>
internal static class FlowCover
{
    /// <summary>Indices of the flows, rising; at least one. Each step takes the flow that adds most.</summary>
    public static List<int> Of(TraceState state)
    {
        var left = new HashSet<Part>();
        var parts = Enumerable.Range(0, state.Flows.Count).Select(flow => PartsOf(state, flow)).ToList();
        parts.ForEach(left.UnionWith);
        var cover = new List<int>();
        while (left.Count > 0)
        {
            var best = 0;
            var most = 0;
            for (var flow = 0; flow < parts.Count; flow++)
            {
                if (parts[flow].Count(left.Contains) is var count && count > most)
                {
                    (best, most) = (flow, count);
                }
            }

            cover.Add(best);
            left.ExceptWith(parts[best]);
        }

        cover.Sort();
        return cover.Count > 0 ? cover : [0];
    }

    private static HashSet<Part> PartsOf(TraceState state, int flow)
    {
        var parts = new HashSet<Part>();
        var before = default(IpAddress);
        var last = state.Flows[flow].ReachedTtl is > 0 and var end ? end : state.Options.MaxTtl;
        for (var ttl = state.Options.FirstTtl; ttl <= last; ttl++)
        {
            var nodes = state.Find(flow, ttl)?.Nodes ?? [];
            foreach (var node in nodes)
            {
                parts.Add(new Part(ttl, node.Address, default));
            }

            var only = nodes.Count == 1 ? nodes[0].Address : default;
            if (!before.IsNone && !only.IsNone)
            {
                parts.Add(new Part(ttl, only, before));
            }

            before = only;
        }

        return parts;
    }

    /// <summary>A node, or with the address before it a link.</summary>
    private readonly record struct Part(int Ttl, IpAddress Address, IpAddress Before);
}
