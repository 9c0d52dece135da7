using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using static Probe.Report.Diagnosis.TraceReading;

namespace Probe.Report.Diagnosis;

/// <summary>
/// PRB-MTU-009: an ICMP error names a path MTU that is not the real one, so that senders which obey it hang or send needlessly little.
/// </summary>
internal sealed class WrongMtuSignal : IRule
{
    public string Id => "PRB-MTU-009";

    public string Title => "fragmentation needed with a wrong MTU";

    public IReadOnlyList<string> Needs => ["/pathMtus"];

    public IReadOnlyList<string> Falsifiers => ["a packet of the size named passes, and one octet more does not"];

    public RuleResult Evaluate(Bundle bundle) =>
        new([.. bundle.PathMtusOf(PathMtuVerdict.WrongSignal).Select(at => Make(at.Path, at.Pointer))], []);

    private Finding Make(PathMtuEvidence path, string pointer)
    {
        var signal = PathMtuWords.Decisive(path);
        var named = signal is null ? 0 : PathMtuWords.Named(signal);

        // Senders that believe too small a number work; those that believe too large a one, or none, do not.
        var harmless = path.Mtu is { } mtu && named < mtu;
        var consequence = harmless
            ? "Senders that obey it send smaller packets than they could."
            : "Senders that obey it go on sending what does not pass: connections open, and hang with the first full segment.";
        return new Finding
        {
            Rule = Id,
            Title = Say(
                $"{(signal is null ? Markdown.Prose.Of($"Somebody") : Markdown.Prose.Of($"{signal.From}"))} names path MTU {named}, "
                    + $"really {path.Mtu ?? 0}"),
            Severity = harmless ? Severity.Risk : Severity.Degraded,
            Confidence = path.Confidence,
            Where = path.Where(),
            Summary = Say($"{PathMtuWords.Verdict(path)} {consequence:ours} {PathMtuWords.Fits(path)}"),
            Evidence = [.. path.Said(pointer), .. path.Step(pointer)],
            NotBecause = ["not a forged message: it quotes our probes", "not the real limit: sizes around it were tried"],
            Fix = PathMtuWords.Fixes(path),
        }.Verified(path);
    }
}
