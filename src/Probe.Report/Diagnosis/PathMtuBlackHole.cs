using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using static Probe.Report.Diagnosis.TraceReading;

namespace Probe.Report.Diagnosis;

/// <summary>
/// PRB-MTU-004: packets above a size disappear and nothing tells their sender: connections open, small data passes, full segments never
/// arrive.
/// </summary>
internal sealed class PathMtuBlackHole : IRule
{
    public string Id => "PRB-MTU-004";

    public string Title => "path MTU black hole";

    public IReadOnlyList<string> Needs => ["/pathMtus"];

    public IReadOnlyList<string> Falsifiers =>
        ["a packet larger than the path MTU is answered by the target", "an ICMP error about the size reaches the sender"];

    public RuleResult Evaluate(Bundle bundle) => new([.. bundle.PathMtusOf(PathMtuVerdict.BlackHole).Select(at => new Finding
    {
        Rule = Id,
        Title = Say($"Packets above {at.Path.Mtu ?? 0} octets to {at.Path.Target} disappear without a word"),
        Severity = Severity.Degraded,

        // The size is only as sure as its direction; that large packets disappear on one of the two ways is surer.
        Confidence = at.Path.Reason == PathMtuReason.ReplyPath && at.Path.Confidence == Confidence.Hint
            ? Confidence.Likely : at.Path.Confidence,
        Where = at.Path.Where(),
        Summary = Say(
            $"{PathMtuWords.Verdict(at.Path)} {PathMtuWords.Fits(at.Path)} Connections open and small answers come; "
                + $"the first full segment is sent again and again until the sender gives up."),
        Evidence = [.. at.Path.Step(at.Pointer), .. at.Path.Said(at.Pointer)],
        NotBecause =
        [
            at.Path.Loss is { } loss
                ? $"not random loss: {Units.Percent(loss)} of the small probes were lost, and all above the size"
                : "not random loss: the step is sharp",
            "not a silent target: it answers smaller packets of the same kind",
        ],
        Fix = PathMtuWords.Fixes(at.Path),
    }.Verified(at.Path))], []);
}
