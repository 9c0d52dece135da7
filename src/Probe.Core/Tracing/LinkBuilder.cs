using Probe.Core.Evidence;
using Probe.Core.Packets;

namespace Probe.Core.Tracing;

/// <summary>Links between hops, each proved by one flow on both ends.</summary>
internal static class LinkBuilder
{
    private const int AttemptsForSilence = 3;

    /// <summary>The links, by TTL and address.</summary>
    public static List<LinkEvidence> Build(TraceState state, Branching branching)
    {
        var links = new SortedDictionary<(int Ttl, IpAddress From, IpAddress To), List<int>>();
        for (var flow = 0; flow < state.Flows.Count; flow++)
        {
            for (var ttl = state.Options.FirstTtl; ttl < state.Options.MaxTtl; ttl++)
            {
                if (branching.IsUnordered(flow, ttl) || EndsOf(state, flow, ttl) is not { } ends || (ends.From.IsNone && ends.To.IsNone))
                {
                    continue;
                }

                var key = (ttl, ends.From, ends.To);
                if (!links.TryGetValue(key, out var flows))
                {
                    links.Add(key, flows = []);
                }

                flows.Add(flow);
            }
        }

        return [.. links.Select(link => Describe(state, link.Key, link.Value))];
    }

    private static (IpAddress From, IpAddress To)? EndsOf(TraceState state, int flow, int ttl)
    {
        if (!IsBeforeTarget(state, flow, ttl) || state.Find(flow, ttl) is not { Sent: > 0 } near
            || state.Find(flow, ttl + 1) is not { Sent: > 0 } far
            || near.Nodes.Count > 1 || far.Nodes.Count > 1 || near.Unordered
            || (near.Nodes.Count == 0 && !IsSilent(state, near, ttl)) || (far.Nodes.Count == 0 && !IsSilent(state, far, ttl + 1)))
        {
            return null;
        }

        return (near.Nodes.Count == 0 ? default : near.Nodes[0].Address, far.Nodes.Count == 0 ? default : far.Nodes[0].Address);
    }

    /// <summary>A flow that got no answer where others did has lost a probe or two, unless it tried often enough.</summary>
    private static bool IsSilent(TraceState state, FlowHop hop, int ttl) =>
        hop.Sent >= AttemptsForSilence || state.Flows.All(flow => flow.Hops[ttl] is not { Received: > 0 });

    private static bool IsBeforeTarget(TraceState state, int flow, int ttl) =>
        state.Flows[flow].ReachedTtl is var target && (target == 0 || ttl < target);

    private static LinkEvidence Describe(TraceState state, (int Ttl, IpAddress From, IpAddress To) link, List<int> flows)
    {
        var far = flows.ConvertAll(flow => state.Cell(flow, link.Ttl + 1));
        var sent = far.Sum(hop => hop.Sent);
        var received = far.Sum(hop => hop.Received);
        var nodes = far.SelectMany(hop => hop.Nodes).ToArray();
        return new LinkEvidence
        {
            Ttl = link.Ttl,
            From = link.From.IsNone ? null : link.From.ToString(),
            To = link.To.IsNone ? null : link.To.ToString(),
            Flows = [.. flows.Select(flow => state.Flows[flow].Flow.Id)],
            Sent = sent,
            Received = received,
            Loss = sent == 0 ? null : (double)(sent - received) / sent,
            RttNs = RttStatistics.Of(nodes),
        };
    }
}
