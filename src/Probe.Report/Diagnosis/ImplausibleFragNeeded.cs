using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using static Probe.Report.Diagnosis.TraceReading;

namespace Probe.Report.Diagnosis;

/// <summary>
/// PRB-MTU-007: a hop answers "fragmentation needed" to a small probe whose TTL ran out there, with an MTU that cannot be true
/// (0, or not below the probe's size). Peers take it for the end of the path; it is a quirk of the device.
/// </summary>
internal sealed class ImplausibleFragNeeded : IRule
{
    public string Id => "PRB-MTU-007";

    public string Title => "fragmentation needed for a small probe, with an impossible MTU";

    public IReadOnlyList<string> Needs => ["/traces"];

    public IReadOnlyList<string> Falsifiers => ["the MTU is below the size of the probe: then it is a real limit"];

    public RuleResult Evaluate(Bundle bundle)
    {
        var findings = new List<Finding>();
        foreach (var (trace, pointer) in bundle.TracesOf())
        {
            var lies =
                from at in trace.NodesOf(pointer)
                from reply in at.Node.Replies.Index()
                where IsLie(trace, reply.Item)
                select (at.Hop, at.Node, Reply: reply.Item, Pointer: $"{at.Pointer}/replies/{reply.Index}");
            findings.AddRange(lies.GroupBy(lie => lie.Node.Address, StringComparer.Ordinal).Select(router => Make(trace, [.. router])));
        }

        return new RuleResult(findings, []);
    }

    private Finding Make(TraceEvidence trace, IReadOnlyList<(HopEvidence Hop, NodeEvidence Node, ReplyEvidence Reply, string Pointer)> lies)
    {
        var (hop, node, reply, _) = lies[0];
        var size = trace.Size is { } octets ? $"{octets} octets" : "far fewer octets";
        var goesOn = trace.GoesOnBeyond(hop.Ttl, node.Address, node.Flows);
        return new Finding
        {
            Rule = Id,
            Title = Say($"Hop {hop.Ttl} {node.Address} answers fragmentation needed, MTU {reply.Mtu ?? 0}, to a small probe"),
            Severity = Severity.Info,
            Confidence = Confidence.Proved,
            Where = $"TTL {hop.Ttl}, {StrangerText.Clean(node.Address)}",
            Summary = goesOn
                ? Say($"The probe has {size:ours} and its TTL ended at this hop, which should have said time-exceeded. An MTU of "
                    + $"{reply.Mtu ?? 0} cannot be why; later hops answer. It is a quirk of this device and no limit of the path.")
                : Say($"The probe has {size:ours} and its TTL ended at this hop, which should have said time-exceeded. An MTU of "
                    + $"{reply.Mtu ?? 0} cannot be why. No later hop answered, so that this trace does not show whether packets pass."),
            Evidence = [.. lies.Select(lie => new EvidenceItem(
                Say($"TTL {lie.Hop.Ttl}: {lie.Reply.IcmpName(trace):ours} ×{lie.Reply.Count}, to probes of {size:ours}"),
                $"MTU {lie.Reply.Mtu ?? 0}",
                lie.Pointer))],
            NotBecause = goesOn
                ? ["not a path MTU: probes of the same size were answered beyond this hop", "not the end of the path: later hops answered"]
                : ["not a path MTU: no packet of the stated size was sent"],
            Fix = ["nothing to fix on the path; programs that stop here (traceroute, mtr, scamper) show a path that is too short"],
            Verify = trace.TraceCommand(),
        };
    }

    // The tracer's own verdict first; where it said nothing, the numbers.
    private static bool IsLie(TraceEvidence trace, ReplyEvidence reply) =>
        reply.Kind is ReplyKind.FragmentationNeeded or ReplyKind.PacketTooBig
            && (reply.Implausible ?? (reply.Mtu == 0 || (reply.Mtu is { } mtu && trace.Size is { } size && mtu >= size)));
}
