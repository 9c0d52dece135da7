using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using static Probe.Report.Diagnosis.TraceReading;

namespace Probe.Report.Diagnosis;

/// <summary>
/// PRB-MTU-006: single full segments pass, the same segments back to back die. Something on the way merges them (GSO, GRO, TSO) and then
/// loses what it merged, as a tunnel entry does whose header offsets are wrong for segmentation.
/// </summary>
internal sealed class AggregationLoss : IRule
{
    public string Id => "PRB-MTU-006";

    public string Title => "loss of segments that follow each other at once";

    public IReadOnlyList<string> Needs => ["/pathMtus"];

    public IReadOnlyList<string> Falsifiers =>
    [
        "single segments are lost as often",
        "with gro off on the host that forwards, pairs are lost as before",
        "a policer or a queue of one packet loses the second of any two, whatever they are",
    ];

    public RuleResult Evaluate(Bundle bundle)
    {
        var findings = new List<Finding>();
        var missing = bundle.WithoutTest(tcp => (tcp?.Upload ?? tcp?.Download) is not null,
            "the same octets were not sent spaced, in pairs and in bulk (--tcp-upload)").ToList();
        foreach (var (mtu, pointer) in bundle.PathMtusOf())
        {
            foreach (var (transfer, at) in new[] { (mtu.Tcp?.Upload, $"{pointer}/tcp/upload"),
                (mtu.Tcp?.Download, $"{pointer}/tcp/download") })
            {
                switch (transfer)
                {
                    case { Verdict: TcpTransferVerdict.CannotTell or TcpTransferVerdict.NotAnswering }:
                        missing.Add(Say($"{at:ours}: {transfer.Reason ?? "no verdict"}"));
                        break;
                    case { Verdict: TcpTransferVerdict.AggregationDependentLoss }:
                        findings.Add(Make(mtu, transfer, at));
                        break;
                }
            }
        }

        return new RuleResult(findings, missing);
    }

    private Finding Make(PathMtuEvidence mtu, TcpTransferEvidence transfer, string pointer)
    {
        var up = transfer.Direction == TcpDirection.Upload;
        var spaced = transfer.Pacings.FirstOrDefault(pacing => pacing.Pacing == TcpPacing.Spaced);
        var size = spaced?.After is { } info ? $"{info.SndMss} octets of payload" : "full size";
        return new Finding
        {
            Rule = Id,
            Title = up
                ? Say($"Segments to {mtu.Target} port {transfer.Port} die when another follows at once")
                : Say($"Segments from {mtu.Target} port {transfer.Port} die when another follows at once"),
            Severity = Severity.Degraded,
            Confidence = transfer.Confidence,
            Where = up
                ? "on the way there, at or after the first host that merges segments"
                : "on the way back, at or after the first host that merges segments",
            Summary = Say(
                $"Single segments of {size:ours} pass; the same octets in pairs or in bulk are lost and get through only one by one, "
                    + $"each after a timer. The wire carries the same packets in all three cases: "
                    + $"a host on the way merges segments that follow each other (GRO, or GSO at the sender) and loses what it merged. "
                    + $"Short requests and large answers stay quick, long requests take seconds; pings of any size show nothing."),
            Evidence = [.. transfer.Pacings.Index().Select(item => Row(item.Item, $"{pointer}/pacings/{item.Index}"))],
            NotBecause = [.. NotBecause(spaced, size)],
            Fix =
            [
                "on the host that forwards into the tunnel (director, VPN entry), to see whether it cures, and until it is repaired: "
                    + "ethtool -K DEV gro off (this program never does it)",
                "where that cures it: a kernel whose tunnel code sets the inner headers' offsets before segmentation, "
                    + "or the driver's tx-udp_tnl-segmentation off alone",
            ],
            Verify = mtu.TcpCommand(up ? "--tcp-upload" : "--tcp-download", transfer.Port, transfer.Payload),
        };
    }

    private static EvidenceItem Row(TcpPacingEvidence pacing, string pointer)
    {
        var name =
            pacing.Pacing switch { TcpPacing.Spaced => "one segment at a time", TcpPacing.Pairs => "two at a time", _ => "all at once" };
        return new EvidenceItem(
            Say($"{name:ours}: {pacing.Segments} segments, {pacing.Retransmitted} sent again, {pacing.Acknowledged} octets acknowledged "
                + $"in {Units.Milliseconds(pacing.DurationNs):ours} ms"),
            $"loss {Units.Percent(pacing.Loss)}", $"{pointer}/loss");
    }

    private static IEnumerable<string> NotBecause(TcpPacingEvidence? spaced, string size)
    {
        if (spaced is { Retransmitted: 0 })
        {
            yield return $"not the path MTU: {Units.Count(spaced.Segments)} single segments of {size} all arrived";
            yield return "not loss on the path: it would hit single segments as often";
        }
    }
}
