using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using static Probe.Report.Diagnosis.TraceReading;

namespace Probe.Report.Diagnosis;

/// <summary>PRB-PATH-008: from some hop on the quoted probe has other addresses or ports than were sent.</summary>
internal sealed class AddressTranslation : IRule
{
    public string Id => "PRB-PATH-008";

    public string Title => "address translation on the path";

    public IReadOnlyList<string> Needs => ["/traces"];

    public IReadOnlyList<string> Falsifiers => ["a capture behind the hop shows the addresses and ports as they were sent"];

    public RuleResult Evaluate(Bundle bundle) => new(
        [.. bundle.TracesOf().SelectMany(at => QuoteReading.Translations(at.Trace.Hops)
            .Select(step => (step.At, Fields: step.Fields.Where(IsTuple).ToArray()))
            .Where(step => step.Fields.Length > 0)
            .Select(step => Make(at.Trace, at.Pointer, step.At, step.Fields)))],
        [.. bundle.WithoutQuotes()]);

    // A checksum or an identification alone may be a router that quotes carelessly.
    private static bool IsTuple(RewrittenField field) =>
        field is RewrittenField.SourceAddress or RewrittenField.DestinationAddress or RewrittenField.SourcePort
            or RewrittenField.DestinationPort;

    private Finding Make(TraceEvidence trace, string pointer, NodeAt at, RewrittenField[] fields)
    {
        var (hop, node) = (trace.Hops[at.Hop], at.Of(trace.Hops));
        var what = string.Join(" and ", fields.Select(field => Word.Of(field).Replace('-', ' ')));
        return new Finding
        {
            Rule = Id,
            Title = Say($"NAT before hop {hop.Ttl} {node.Address}: {what:ours} rewritten"),
            Severity = Severity.Info,
            Confidence = Confidence.Proved,
            Where = $"TTL {hop.Ttl}, {StrangerText.Clean(node.Address)}",
            Summary = Say(
                $"Hop {hop.Ttl} {node.Address} is the first to quote the probe to {trace.Target} with another {what:ours} than was sent. "
                    + $"The hop before translates addresses, or this one does on its way in."),
            Evidence = [
                new EvidenceItem(Say($"TTL {hop.Ttl}: differs in the probe that {node.Address} quotes"), what,
                $"{pointer}/hops/{at.Hop}/nodes/{at.Node}/rewritten")],
            NotBecause = ["not another host's packet: it carries the numbers of our probe"],
            Fix = ["nothing to fix where the NAT is meant; its table's size and timeouts bound what passes"],
            Verify = trace.TraceCommand(),
        };
    }
}
