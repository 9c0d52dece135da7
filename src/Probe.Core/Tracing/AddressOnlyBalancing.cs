using Probe.Core.Evidence;

namespace Probe.Core.Tracing;

/// <summary>
/// A router that spreads by addresses and ports sends all echo requests one way, as they have no ports (Linux fib_multipath_hash_policy 1).
/// A few flows with ports, sent over the same hops, tell such a router from one that does not balance.
/// </summary>
public static class AddressOnlyBalancing
{
    /// <summary>How its note begins.</summary>
    public const string Note = "address-only for ICMP";

    /// <summary>Notes every node that sent all echo requests to one next hop and flows with ports to several.</summary>
    /// <param name="icmp">What echo requests saw.</param>
    /// <param name="other">What flows with ports saw.</param>
    public static TraceEvidence Mark(TraceEvidence icmp, TraceEvidence other)
    {
        ArgumentNullException.ThrowIfNull(icmp);
        ArgumentNullException.ThrowIfNull(other);
        var protocol = other.Protocol.ToString().ToUpperInvariant();
        return icmp
            with { Hops = [.. icmp.Hops.Select(hop => hop with { Nodes = [.. hop.Nodes.Select(node => MarkNode(hop.Ttl, node))] })] };

        NodeEvidence MarkNode(int ttl, NodeEvidence node)
        {
            var parted = NextOf(other, ttl, node.Address);
            return NextOf(icmp, ttl, node.Address).Count == 1 && parted.Count > 1
                ? node with { Notes = [.. node.Notes, $"{Note}: {protocol} flows part here, to {string.Join(", ", parted)}"] }
                : node;
        }
    }

    private static List<string> NextOf(TraceEvidence trace, int ttl, string address) =>
        [.. trace.Links.Where(link => link.Ttl == ttl && link.From == address && link.To is not null).Select(link => link.To!)
            .Distinct(StringComparer.Ordinal)];
}
