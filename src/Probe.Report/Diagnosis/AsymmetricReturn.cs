using System.Globalization;
using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using static Probe.Report.Diagnosis.TraceReading;

namespace Probe.Report.Diagnosis;

/// <summary>
/// PRB-PATH-006: answers come back over clearly more or fewer hops than the probes went. Only a hint: what TTL a router begins with is
/// guessed, and a tunnel on the way back hides hops.
/// </summary>
internal sealed class AsymmetricReturn : IRule
{
    private const int ClearDifference = 3;
    private const int LongestCredible = 60;

    public string Id => "PRB-PATH-006";

    public string Title => "return path of another length (hint)";

    public IReadOnlyList<string> Needs => ["/traces"];

    public IReadOnlyList<string> Falsifiers => ["a trace from the target back shows as many hops"];

    public RuleResult Evaluate(Bundle bundle)
    {
        var findings = new List<Finding>();
        foreach (var (trace, pointer) in bundle.TracesOf())
        {
            // A loop, a longer branch or a rejection shows a router at a TTL that is not its distance.
            var far = trace.NodesOf(pointer)
                .Where(at => trace.IsTarget(at.Node) || at.Node.Replies.Any(reply => reply.Kind == ReplyKind.TimeExceeded))
                .DistinctBy(at => at.Node.Address, StringComparer.Ordinal)
                .Select(at => (At: at, Back: LengthOfReturn(at.Node.ReplyTtl)))
                .Where(way => way.Back is { } back && Math.Abs(back - way.At.Hop.Ttl) >= ClearDifference)
                .ToArray();
            if (far.Length > 0)
            {
                findings.Add(Make(trace, [.. far.Select(way => (way.At.Hop.Ttl, way.At.Node, way.At.Pointer, way.Back!.Value))]));
            }
        }

        return new RuleResult(findings, []);
    }

    /// <summary>Hops on the way back, the answering router's neighbour being 1; null when no usual first TTL explains it.</summary>
    internal static int? LengthOfReturn(int? replyTtl)
    {
        var begun = replyTtl switch { null or <= 0 => 0, <= 64 => 64, <= 128 => 128, <= 255 => 255, _ => 0 };
        var length = begun - replyTtl + 1;
        return begun > 0 && length <= LongestCredible ? length : null;
    }

    private Finding Make(TraceEvidence trace, (int Ttl, NodeEvidence Node, string Pointer, int Back)[] far)
    {
        var (ttl, node, _, back) = far[0];
        var way = back > ttl ? "longer" : "shorter";
        return new Finding
        {
            Rule = Id,
            Title = Say($"Hint: answers from hop {ttl} {node.Address} seem to come back over {back} hops"),
            Severity = Severity.Info,
            Confidence = Confidence.Hint,
            Where = $"TTL {ttl}, {StrangerText.Clean(node.Address)}",
            Summary = Say(
                $"From TTL {ttl} on, going by the TTL with which answers arrive, the way back seems {way:ours} than the way there. "
                    + $"This is a hint only: it takes 64, 128 or 255 for the TTL that a router begins with, and a tunnel hides hops. "
                    + $"Round-trip times from there on are of both ways, and loss may be on the way back."),
            Evidence = [.. far.Select(at => new EvidenceItem(
                Say($"TTL {at.Ttl}: answers of {at.Node.Address} arrive with TTL {at.Node.ReplyTtl ?? 0}, about {at.Back} hops"),
                (at.Back - at.Ttl).ToString("+0;-0", CultureInfo.InvariantCulture), $"{at.Pointer}/replyTtl"))],
            Fix = [Say($"trace from {trace.Target} back to {trace.Source} to see the way back itself")],
            Verify = trace.TraceCommand(),
        };
    }
}
