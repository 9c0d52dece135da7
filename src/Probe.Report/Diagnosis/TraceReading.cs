using System.Text;
using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;
using Probe.Report.Markdown;

namespace Probe.Report.Diagnosis;

/// <summary>How rules read a trace.</summary>
internal static class TraceReading
{
    /// <summary>Every trace of the document with its JSON pointer.</summary>
    public static IEnumerable<(TraceEvidence Trace, string Pointer)> TracesOf(this Bundle bundle) =>
        (bundle.Traces ?? []).Select((trace, i) => (trace, $"/traces/{i}"));

    /// <summary>Every node of the trace with its hop and JSON pointer.</summary>
    public static IEnumerable<PlacedNode> NodesOf(this TraceEvidence trace, string pointer)
    {
        for (var h = 0; h < trace.Hops.Count; h++)
        {
            for (var n = 0; n < trace.Hops[h].Nodes.Count; n++)
            {
                yield return new PlacedNode(trace.Hops[h], trace.Hops[h].Nodes[n], new NodeAt(h, n), pointer);
            }
        }
    }

    /// <summary>The node is the target itself.</summary>
    public static bool IsTarget(this TraceEvidence trace, NodeEvidence node) =>
        string.Equals(trace.Address, node.Address, StringComparison.Ordinal);

    /// <summary>
    /// A node beyond this TTL shows that probes go on: it answered time-exceeded from another address, or it is the target.
    /// </summary>
    public static bool GoesOnBeyond(this TraceEvidence trace, int ttl, string address, IReadOnlyList<int> flows) =>
        trace.Hops.Where(hop => hop.Ttl > ttl).SelectMany(hop => hop.Nodes).Any(node =>
            !string.Equals(node.Address, address, StringComparison.Ordinal)
            && (flows.Count == 0 || node.Flows.Count == 0 || node.Flows.Intersect(flows).Any())
            && (trace.IsTarget(node) || node.Replies.Any(reply => reply.Kind == ReplyKind.TimeExceeded)));

    /// <summary>One sentence for each trace whose mode shows no quoted header, so that rules about quotes could not look.</summary>
    public static IEnumerable<string> WithoutQuotes(this Bundle bundle) => bundle.TracesOf()
        .Where(at => at.Trace.Mode != TraceMode.Raw && at.Trace.Hops.All(hop => hop.Nodes.All(node => node.Quoted is null)))
        .Select(at => Say($"{at.Pointer:ours}: sockets of mode {Word.Of(at.Trace.Mode)} do not show the header that routers quote"));

    /// <summary>The next hops behind an address at a TTL, each proved by a flow.</summary>
    public static IReadOnlyList<string> NextHops(this TraceEvidence trace, int ttl, string address) =>
        [.. trace.Links.Where(link => link.Ttl == ttl && link.To is not null && string.Equals(link.From, address, StringComparison.Ordinal))
            .Select(link => link.To!).Distinct(StringComparer.Ordinal)];

    /// <summary>
    /// The hop answers, but left at least one probe unanswered that later hops prove to have passed. A hop that never answers is silent,
    /// not limited; a fraction below one probe is what subtracting fractions leaves over.
    /// </summary>
    public static bool LimitsAnswers(this HopEvidence hop) => hop.Received > 0 && hop.RateLimited * hop.Sent >= 0.5;

    /// <summary>"ICMP 3/4", or the kind's name for TCP and UDP answers.</summary>
    public static string IcmpName(this ReplyEvidence reply, TraceEvidence trace)
    {
        // An error about a tunnel's packet is of that packet's family; only an address of IPv6 stands in brackets.
        var isV6 = reply.Layer is > 0 and var layer
            ? trace.Via.ElementAtOrDefault(^layer)?.Contains('[', StringComparison.Ordinal) == true
            : trace.Address.Contains(':', StringComparison.Ordinal);
        var family = isV6 ? "ICMPv6" : "ICMP";
        return reply is { Type: { } type, Code: { } code } ? $"{family} {type}/{code}" : Word.Of(reply.Kind);
    }

    /// <summary>
    /// The command that asks the same question again, made of typed fields only; null when an address or a tunnel is none.
    /// </summary>
    public static string? TraceCommand(this TraceEvidence trace)
    {
        if (!IpAddress.TryParse(trace.Address, out var address))
        {
            return null;
        }

        var protocol = trace.Protocol switch { ProbeProtocol.Udp => " --udp", ProbeProtocol.Tcp => " --tcp", _ => "" };
        var port = trace is { Port: { } number, Protocol: not ProbeProtocol.Icmp } ? $" -p {number}" : "";
        var via = new StringBuilder();
        foreach (var text in trace.Via)
        {
            if (!EncapsulationText.TryParse(text, out var layer, out _))
            {
                return null;
            }

            via.Append(" --via ").Append(ShellText.Quote(EncapsulationText.Of(layer)));
        }

        var sweep = trace is { Via.Count: > 0, Sweep: SweptTtl.Outer } ? " --sweep outer" : "";
        return $"probe trace{protocol}{port}{via}{sweep} {address}";
    }

    /// <summary>The text of a finding.</summary>
    public static string Say(Prose prose) => prose.ToString();
}

/// <summary>A node with its hop and its place in the document.</summary>
/// <param name="Hop">The hop.</param>
/// <param name="Node">The node.</param>
/// <param name="At">Its place in the trace.</param>
/// <param name="Trace">JSON pointer of the trace.</param>
internal readonly record struct PlacedNode(HopEvidence Hop, NodeEvidence Node, NodeAt At, string Trace)
{
    /// <summary>JSON pointer of the node.</summary>
    public string Pointer => $"{Trace}/hops/{At.Hop}/nodes/{At.Node}";
}
