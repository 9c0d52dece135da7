using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using static Probe.Report.Diagnosis.TraceReading;

namespace Probe.Report.Diagnosis;

/// <summary>PRB-PATH-007: somebody on the way says that the packet will not arrive, and with which code.</summary>
internal sealed class Unreachable : IRule
{
    public string Id => "PRB-PATH-007";

    public string Title => "rejection on the path (unreachable, prohibited, reset)";

    public IReadOnlyList<string> Needs => ["/traces"];

    public IReadOnlyList<string> Falsifiers =>
        ["later hops or the target answer the same flow", "another protocol or port is rejected by another hop"];

    public RuleResult Evaluate(Bundle bundle)
    {
        var findings = new List<Finding>();
        foreach (var (trace, pointer) in bundle.TracesOf())
        {
            var rejections =
                from at in trace.NodesOf(pointer)
                from reply in at.Node.Replies.Index()
                where Rejects(reply.Item.Kind, trace.IsTarget(at.Node))
                select (at.Hop, at.Node, Reply: reply.Item, Pointer: $"{at.Pointer}/replies/{reply.Index}");
            findings.AddRange(rejections
                .GroupBy(r => (r.Node.Address, r.Reply.Kind, r.Reply.Type, r.Reply.Code))
                .Select(group => Make(trace, [.. group])));
        }

        return new RuleResult(findings, []);
    }

    private Finding Make(TraceEvidence trace,
        IReadOnlyList<(HopEvidence Hop, NodeEvidence Node, ReplyEvidence Reply, string Pointer)> rejections)
    {
        var (hop, node, reply, _) = rejections[0];
        var what = $"{Meaning(reply.Kind)} ({reply.IcmpName(trace)})";
        var fromTarget = trace.IsTarget(node);
        var lowest = LowestPlace(trace, hop, node);
        var goesOn = trace.GoesOnBeyond(hop.Ttl, node.Address, node.Flows);
        var consequence = (trace.Reached, goesOn) switch
        {
            (false, _) when reply.Layer is not null => reply.Kind is ReplyKind.PortUnreachable or ReplyKind.ProtocolUnreachable
                ? "It is the tunnel's own packet that is rejected: nothing there takes tunnels of this type and port."
                : "It is the tunnel's own packet that is rejected: it does not get to the tunnel's end.",
            (true, _) when fromTarget => "It is the target itself that rejects the probes.",
            (true, _) => "The target answered all the same: this hop rejects probes whose TTL ends there, or those of some flows only.",
            (false, true) => "Later hops answered, so that this need not be where packets to the target end.",
            _ => "Nothing answered beyond: packets to the target end here.",
        };
        return new Finding
        {
            Rule = Id,
            Title = lowest == hop.Ttl
                ? Say($"Hop {hop.Ttl} {node.Address} rejects packets to {trace.Target}: {what:ours}")
                : Say($"{node.Address}, somewhere from hop {lowest} to {hop.Ttl}, rejects packets to {trace.Target}: {what:ours}"),
            Severity = trace.Reached ? Severity.Info : Severity.Outage,
            Confidence = !trace.Reached && goesOn ? Confidence.Hint : Confidence.Proved,
            Where = lowest == hop.Ttl
                ? $"TTL {hop.Ttl}, {StrangerText.Clean(node.Address)}" : $"TTL {lowest} to {hop.Ttl}, {StrangerText.Clean(node.Address)}",
            Summary = lowest == hop.Ttl
                ? Say($"{node.Address} answers probes to {trace.Target} with {what:ours}. {consequence:ours}")
                : Say($"{node.Address} answers probes to {trace.Target} with {what:ours}. {consequence:ours} "
                    + $"TTL {hop.Ttl} is merely the lowest at which it answered: who rejects does so whatever the TTL and seldom often, "
                    + $"so that any of the silent hops from {lowest} on may be it already."),
            Evidence =
            [
                .. rejections.Select(r =>
                    new EvidenceItem(Say($"TTL {r.Hop.Ttl}: answers of this kind from {node.Address}"), $"{r.Reply.Count}", r.Pointer)),
                new EvidenceItem("The target answered", trace.Reached ? "yes" : "no", $"{Element(rejections[0].Pointer)}/reached"),
            ],
            NotBecause = fromTarget
                ? [] : ["not a forged answer: it quotes one of our probes, or answers it with the numbers that the probe carried"],
            Fix = trace.Reached ? [] : [Say($"look at {Place(reply.Kind):ours} of {node.Address}")],
            Verify = trace.TraceCommand(),
        };
    }

    /// <summary>The lowest TTL at which the node may stand: nobody answered its flows from there on.</summary>
    private static int LowestPlace(TraceEvidence trace, HopEvidence hop, NodeEvidence node)
    {
        var before = trace.Hops.LastOrDefault(other => other.Ttl < hop.Ttl
            && other.Nodes.Any(near => near.Flows.Count == 0 || node.Flows.Count == 0 || near.Flows.Intersect(node.Flows).Any()));
        return before is null ? Math.Min(trace.Hops[0].Ttl, hop.Ttl) : before.Ttl + 1;
    }

    // A port that is closed is the target's ordinary answer; from anybody else it is a firewall's.
    private static bool Rejects(ReplyKind kind, bool fromTarget) => kind switch
    {
        ReplyKind.HostUnreachable or ReplyKind.NetworkUnreachable or ReplyKind.AdminProhibited or ReplyKind.ProtocolUnreachable
            or ReplyKind.OtherUnreachable => true,
        ReplyKind.PortUnreachable or ReplyKind.Reset => !fromTarget,
        ReplyKind.TimeExceeded or ReplyKind.FragmentationNeeded or ReplyKind.PacketTooBig or ReplyKind.ParameterProblem
            or ReplyKind.SourceQuench or ReplyKind.EchoReply or ReplyKind.SynAck or ReplyKind.UdpReply => false,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, message: null),
    };

    private static string Meaning(ReplyKind kind) => kind switch
    {
        ReplyKind.HostUnreachable => "host unreachable",
        ReplyKind.NetworkUnreachable => "network unreachable",
        ReplyKind.AdminProhibited => "administratively prohibited",
        ReplyKind.ProtocolUnreachable => "protocol unreachable",
        ReplyKind.PortUnreachable => "port unreachable, in place of the target",
        ReplyKind.Reset => "a reset, in place of the target",
        ReplyKind.OtherUnreachable => "unreachable",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, message: null),
    };

    private static string Place(ReplyKind kind) => kind switch
    {
        ReplyKind.HostUnreachable => "the neighbour table and the last link",
        ReplyKind.NetworkUnreachable => "the routes",
        ReplyKind.AdminProhibited or ReplyKind.ProtocolUnreachable or ReplyKind.PortUnreachable or ReplyKind.Reset
            or ReplyKind.OtherUnreachable => "the firewall rules",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, message: null),
    };

    private static string Element(string pointer) => string.Join('/', pointer.Split('/').Take(3));
}
