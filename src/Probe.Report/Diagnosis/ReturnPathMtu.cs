using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using static Probe.Report.Diagnosis.TraceReading;

namespace Probe.Report.Diagnosis;

/// <summary>PRB-MTU-010: large packets arrive, and large answers do not come back.</summary>
internal sealed class ReturnPathMtu : IRule
{
    public string Id => "PRB-MTU-010";

    public string Title => "path MTU limit on the way back";

    public IReadOnlyList<string> Needs => ["/pathMtus"];

    public IReadOnlyList<string> Falsifiers => ["an answer larger than the limit arrives"];

    public RuleResult Evaluate(Bundle bundle) => new([.. bundle.PathMtusOf(PathMtuVerdict.ReturnPath).Select(at => new Finding
    {
        Rule = Id,
        Title = at.Path.ReturnMtu is { } back
            ? Say($"Answers of {at.Path.Target} above {back} octets do not come back")
            : Say($"Large answers of {at.Path.Target} do not come back"),
        Severity = Severity.Degraded,
        Confidence = at.Path.Confidence,
        Where = at.Path.Where(),
        Summary = Say($"{PathMtuWords.Verdict(at.Path)} Downloads from it suffer, uploads do not."),
        Evidence = [.. at.Path.Step(at.Pointer), .. at.Path.Said(at.Pointer)],
        NotBecause = ["not the way there: probes of the same size got small answers"],
        Fix = PathMtuWords.Fixes(at.Path),
    }.Verified(at.Path))], []);
}
