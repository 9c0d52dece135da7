using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using static Probe.Report.Diagnosis.TraceReading;

namespace Probe.Report.Diagnosis;

/// <summary>
/// PRB-MTU-001: packets that fit the first link do not fit the path, and somebody says so. At the entry of a tunnel every new connection to
/// the service learns it by losing its first full segment, and one that is open already may stall.
/// </summary>
internal sealed class SignalledPathMtu : IRule
{
    public string Id => "PRB-MTU-001";

    public string Title => "path MTU below the first link's, signalled";

    public IReadOnlyList<string> Needs => ["/pathMtus"];

    public IReadOnlyList<string> Falsifiers => ["a packet larger than the path MTU is answered by the target"];

    public RuleResult Evaluate(Bundle bundle) =>
        new([.. bundle.PathMtusOf(PathMtuVerdict.Signalled).Select(at => Make(at.Path, at.Pointer))], []);

    private Finding Make(PathMtuEvidence path, string pointer)
    {
        var entry = PathMtuWords.Decisive(path) is { Role: PathMtuRole.TunnelEntry };
        var consequence = entry
            ? "Each peer that negotiates more loses its first full segment, "
                + "and a connection that is open when the size is learned may stall for 200 ms."
            : "Senders that obey ICMP adapt by themselves.";
        return new Finding
        {
            Rule = Id,
            Title = entry
                ? Say($"A tunnel in front of {path.Target} takes {path.Mtu ?? 0} octets")
                : Say($"Path MTU to {path.Target} is {path.Mtu ?? 0}"),
            Severity = entry ? Severity.Risk : Severity.Info,
            Confidence = path.Confidence,
            Where = path.Where(),
            Summary = Say($"{PathMtuWords.Verdict(path)} {PathMtuWords.Fits(path)} {consequence:ours}"),
            Evidence = [.. path.Said(pointer), .. path.Step(pointer)],
            NotBecause = ["not loss: the size that was signalled passes, and one octet more does not"],
            Fix = PathMtuWords.Fixes(path),
        }.Verified(path);
    }
}
