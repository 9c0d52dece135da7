using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;
using Probe.Report.Markdown;
using static Probe.Report.Diagnosis.TraceReading;

namespace Probe.Report.Diagnosis;

/// <summary>
/// PRB-PATH-014: a node has one next hop for all flows to a target and another for a neighbour of that target. It balances by destination,
/// so that no trace of one target shows all paths.
/// </summary>
internal sealed class PerDestination : IRule
{
    public string Id => "PRB-PATH-014";

    public string Title => "balancing per destination";

    public IReadOnlyList<string> Needs => ["/traces"];

    public IReadOnlyList<string> Falsifiers =>
        ["flows to one of the targets take both next hops", "the node's routing table has a longer prefix for one of the targets"];

    public RuleResult Evaluate(Bundle bundle)
    {
        if (bundle.Traces is { Count: < 2 })
        {
            return new RuleResult([], []);
        }

        var seen =
            from trace in bundle.TracesOf()
            let prefix = PrefixOf(trace.Trace.Address)
            where prefix is not null
            from at in trace.Trace.NodesOf(trace.Pointer)
            let next = trace.Trace.NextHops(at.Hop.Ttl, at.Node.Address)
            where next.Count == 1 && at.Node.Balancing is NodeBalancing.Single or NodeBalancing.PerDestination or NodeBalancing.Unknown
            select new Seen(trace.Trace, at.Hop.Ttl, at.Node, at.Pointer, next[0], prefix);
        return new RuleResult(
            [.. seen.GroupBy(at => (at.Node.Address, at.Ttl, at.Trace.Protocol, at.Prefix))
                .Select(node => node.DistinctBy(at => at.Trace.Address, StringComparer.Ordinal).ToArray())
                .Where(node => node.Select(at => at.Next).Distinct(StringComparer.Ordinal).Count() > 1 && !node.Any(at => node.Any(other =>
                    string.Equals(at.Next, other.Trace.Address, StringComparison.Ordinal))))
                .Select(Make)],
            []);
    }

    /// <summary>Neighbours: a /24, or a /64 of IPv6; null when the text is no address.</summary>
    private static string? PrefixOf(string text)
    {
        if (!IpAddress.TryParse(text, out var address))
        {
            return null;
        }

        Span<byte> octets = stackalloc byte[16];
        return Convert.ToHexString(octets[..address.WriteTo(octets)][..(address.IsV4 ? 3 : 8)]);
    }

    private Finding Make(Seen[] node)
    {
        var (first, next) = (node[0], node.Select(at => at.Next).Distinct(StringComparer.Ordinal).ToArray());
        var sure = Array.TrueForAll(node, at => at.Node.Balancing is NodeBalancing.Single);
        return new Finding
        {
            Rule = Id,
            Title = Say(
                $"Hop {first.Ttl} {first.Node.Address} balances per destination: "
                    + $"{next.Length} next hops for {node.Length} neighbouring targets"),
            Severity = Severity.Info,
            Confidence = sure ? Confidence.Likely : Confidence.Hint,
            Where = $"TTL {first.Ttl}, {StrangerText.Clean(first.Node.Address)}",
            Summary = Say(
                $"From {first.Node.Address} packets go on to {Prose.Join(" or ", next.Select(Prose.Code))} depending "
                    + $"on which of {node.Length} targets of one prefix they are for, and all flows to one target go the same way. "
                    + $"A trace of one target shows one of these paths only."),
            Evidence = [
                .. node.Select(at =>
                new EvidenceItem(Say($"to {at.Trace.Address}: next hop of {at.Node.Flows.Count} flows"), StrangerText.Clean(at.Next),
                $"{at.Pointer}/balancing"))],
            NotBecause = sure
                ? ["not balancing per flow: enough flows to each target were answered to rule out a second next hop at 95 %"] : [],
            Fix = ["trace the very address that has trouble, not its neighbour"],
            Verify = first.Trace.TraceCommand(),
        };
    }

    private sealed record Seen(TraceEvidence Trace, int Ttl, NodeEvidence Node, string Pointer, string Next, string Prefix);
}
