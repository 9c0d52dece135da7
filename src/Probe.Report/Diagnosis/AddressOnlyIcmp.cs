using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using Probe.Report.Markdown;
using static Probe.Report.Diagnosis.TraceReading;

namespace Probe.Report.Diagnosis;

/// <summary>
/// PRB-PATH-004: behind one node ICMP shows one next hop and UDP or TCP to the same target several: the node hashes ICMP by addresses
/// alone, and a trace by ICMP tells nothing of the other paths.
/// </summary>
internal sealed class AddressOnlyIcmp : IRule
{
    public string Id => "PRB-PATH-004";

    public string Title => "ICMP balanced by addresses alone";

    public IReadOnlyList<string> Needs => ["/traces"];

    public IReadOnlyList<string> Falsifiers => ["more ICMP flows show a second next hop behind the node"];

    public RuleResult Evaluate(Bundle bundle)
    {
        var findings = new List<Finding>();
        foreach (var (icmp, pointer) in bundle.TracesOf().Where(at => at.Trace.Protocol == ProbeProtocol.Icmp))
        {
            foreach (var (other, otherPointer) in bundle.TracesOf().Where(at => at.Trace.Protocol != ProbeProtocol.Icmp
                && string.Equals(at.Trace.Address, icmp.Address, StringComparison.Ordinal)))
            {
                findings.AddRange(
                    from at in icmp.NodesOf(pointer)
                    from same in other.NodesOf(otherPointer)
                    where at.Hop.Ttl == same.Hop.Ttl && string.Equals(at.Node.Address, same.Node.Address, StringComparison.Ordinal)
                        && at.Node.Balancing is NodeBalancing.Single && same.Node.Balancing is NodeBalancing.PerFlow
                            or NodeBalancing.PerPacket
                    let one = icmp.NextHops(at.Hop.Ttl, at.Node.Address)
                    let several = other.NextHops(same.Hop.Ttl, same.Node.Address)
                    where one.Count == 1 && several.Count > 1 && several.Contains(one[0], StringComparer.Ordinal)
                    select Make(icmp, other, at.Hop.Ttl, at.Node, (at.Pointer, same.Pointer), one[0], several));
            }
        }

        return new RuleResult(findings, []);
    }

    private Finding Make(TraceEvidence icmp, TraceEvidence other, int ttl, NodeEvidence node, (string Icmp, string Other) pointers,
        string one, IReadOnlyList<string> several)
    {
        var protocol = Word.Of(other.Protocol).ToUpperInvariant();
        return new Finding
        {
            Rule = Id,
            Title = Say($"Hop {ttl} {node.Address} sends all ICMP to {one} but spreads {protocol:ours} over {several.Count} next hops"),
            Severity = Severity.Info,
            Confidence = Confidence.Likely,
            Where = $"TTL {ttl}, {StrangerText.Clean(node.Address)}",
            Summary = Say(
                $"{node.Flows.Count} ICMP flows to {icmp.Target}, told apart by their checksum, "
                    + $"all go from {node.Address} to {one}; {protocol:ours} flows go to {Prose.Join(", ", several.Select(Prose.Code))}. "
                    + $"The node looks at addresses alone for ICMP: ping and ICMP traceroute test one of the paths only."),
            Evidence =
            [
                new EvidenceItem("balancing that ICMP shows", Word.Of(node.Balancing), $"{pointers.Icmp}/balancing"),
                new EvidenceItem(Say($"balancing that {protocol:ours} shows"), Say($"{several.Count} next hops"),
                    $"{pointers.Other}/balancing"),
            ],
            NotBecause = ["not chance: enough ICMP flows were answered to rule out a second next hop at 95 %"],
            Fix = ["trace with --udp or --tcp to see the paths that users take"],
            Verify = other.TraceCommand() is { } command ? $"{command} --ecmp" : null,
        };
    }
}
