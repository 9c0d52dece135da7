using System.Text.Json.Nodes;
using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using Probe.Report;
using Probe.Report.Diagnosis;
using static Probe.Testing.Samples;

namespace Probe.Report.Tests.Diagnosis;

/// <summary>What is concluded from conversations over established connections, and what is not.</summary>
public class TcpFindingTests
{
    private static readonly LearnedPathMtu s_learned = new()
    {
        Destination = "203.0.113.9", LearnedMtu = 1480, ExpiresSeconds = 598, Route = "203.0.113.0/24", Gateway = "10.0.0.1", Interface = "eth0", DeviceMtu = 1500,
    };

    [Fact]
    public void A_stall_names_the_sizes_the_counters_and_the_command()
    {
        var finding = Assert.Single(Judge(new TcpEvidence { Stall = Stalled() }).Findings);
        Assert.Equal(("PRB-MTU-002", Severity.Degraded, Confidence.Proved), (finding.Rule, finding.Severity, finding.Confidence));
        Assert.Equal("Connections to `vip.example` port 443 stall 205.796 ms when the path MTU 1480 is learned", finding.Title);
        Assert.Equal("on this host, and so on every client: ip route change 203.0.113.0/24 via 10.0.0.1 dev eth0 mtu 1480 advmss 1440", finding.Fix[0]);
        Assert.Equal("or on the servers, so that clients never build larger segments: MSS 1440 (path MTU 1480 − 40 of IP and TCP), by advmss on their routes or a clamp on the way", finding.Fix[1]);
        Assert.Equal("or let the link below carry 1500 + 20 octets (1500 − 1480 = 20, as IPIP adds)", finding.Fix[2]);
        Assert.Equal("probe mtu --tcp-stall --tcp -p 443 --payload tls 203.0.113.9", finding.Verify);
        Assert.Contains(finding.Evidence, item => item.Value is "3982, 0, persist");
        Assert.Contains("not loss on the path: no segment of the stalled connection was sent again", finding.NotBecause);
        Assert.Contains("not the server: a connection opened afterwards sent the same in 0.070 ms", finding.NotBecause);
    }

    [Theory]
    [InlineData(TcpStallVerdict.NoStall)]
    [InlineData(TcpStallVerdict.NotLearned)]
    public void No_stall_is_excluded(TcpStallVerdict verdict)
    {
        var judgement = Judge(new TcpEvidence { Stall = Stalled() with { Verdict = verdict } });
        Assert.Empty(judgement.Findings);
        Assert.Contains(judgement.Excluded, rule => rule.Id is "PRB-MTU-002");
    }

    [Fact]
    public void What_could_not_be_told_is_not_excluded()
    {
        var judgement = Judge(new TcpEvidence
        {
            Stall = Stalled() with { Verdict = TcpStallVerdict.CannotTell, Reason = "the path MTU 1480 is learned already" },
            Upload = Transfer(0, 0, 0) with { Verdict = TcpTransferVerdict.CannotTell, Reason = "only 2 segments" },
        });
        Assert.Empty(judgement.Findings);
        Assert.DoesNotContain(judgement.Excluded, rule => rule.Id is "PRB-MTU-002" or "PRB-MTU-006");
        Assert.Contains(new NotExamined("PRB-MTU-006", "/pathMtus/0/tcp/upload: `only 2 segments`"), judgement.NotExamined);
        Assert.Contains(judgement.NotExamined, item => item is { Rule: "PRB-MTU-002" } && item.Missing.Contains("learned already", StringComparison.Ordinal));
    }

    [Fact]
    public void Without_the_tests_both_say_which_they_need()
    {
        var judgement = Judge(null);
        Assert.Empty(judgement.Findings);
        Assert.Equal(
            ["/pathMtus: no connections were opened before and after learning (--tcp-stall)", "/pathMtus: the same octets were not sent spaced, in pairs and in bulk (--tcp-upload)"],
            judgement.NotExamined.Where(item => item.Rule is "PRB-MTU-002" or "PRB-MTU-006").Select(item => item.Missing));
    }

    [Fact]
    public void Loss_in_company_is_a_finding_that_suggests_and_never_does()
    {
        var finding = Assert.Single(Judge(new TcpEvidence { Upload = Transfer(0, 22, 22) with { Verdict = TcpTransferVerdict.AggregationDependentLoss } }).Findings);
        Assert.Equal(("PRB-MTU-006", Severity.Degraded, Confidence.Likely), (finding.Rule, finding.Severity, finding.Confidence));
        Assert.Equal("Segments to `vip.example` port 443 die when another follows at once", finding.Title);
        Assert.Equal(["loss 0.0 %", "loss 95.7 %", "loss 95.7 %"], finding.Evidence.Select(item => item.Value));
        Assert.Contains("ethtool -K DEV gro off (this program never does it)", finding.Fix[0], StringComparison.Ordinal);
        Assert.Equal("probe mtu --tcp-upload --tcp -p 443 --payload zeros 203.0.113.9", finding.Verify);
    }

    [Theory]
    [InlineData(TcpTransferVerdict.Clean)]
    [InlineData(TcpTransferVerdict.Lossy)]
    public void Other_transfers_are_none(TcpTransferVerdict verdict) =>
        Assert.Empty(Judge(new TcpEvidence { Upload = Transfer(0, 22, 22) with { Verdict = verdict } }).Findings);

    [Fact]
    public void Each_direction_is_a_finding_of_its_own()
    {
        var bad = Transfer(0, 22, 22) with { Verdict = TcpTransferVerdict.AggregationDependentLoss };
        var findings = Judge(new TcpEvidence { Upload = bad, Download = bad with { Direction = TcpDirection.Download } }).Findings;
        Assert.Equal(["/pathMtus/0/tcp/upload/pacings/0/loss", "/pathMtus/0/tcp/download/pacings/0/loss"], findings.Select(finding => finding.Evidence[0].Pointer));
        Assert.StartsWith("on the way back", findings[1].Where, StringComparison.Ordinal);
        Assert.Equal("probe mtu --tcp-download --tcp -p 443 --payload zeros 203.0.113.9", findings[1].Verify);
    }

    [Fact]
    public void A_default_route_is_left_alone()
    {
        var stall = Stalled() with { Learned = s_learned with { Route = "default" } };
        Assert.Equal(
            "on this host, and so on every client: ip route replace 203.0.113.9/32 via 10.0.0.1 dev eth0 mtu 1480 advmss 1440", Assert.Single(Judge(new TcpEvidence { Stall = stall }).Findings).Fix[0]);
    }

    [Theory]
    [InlineData("203.0.113.0/24; reboot", "10.0.0.1", "eth0")]
    [InlineData("203.0.113.0/2 4", "10.0.0.1", "eth0")]
    [InlineData("203.0.113.0/24", "$(reboot)", "eth0")]
    [InlineData("203.0.113.0/24", "10.0.0.1", "eth0;reboot")]
    [InlineData("203.0.113.0/24", "10.0.0.1", "-x")]
    [InlineData(null, "10.0.0.1", "eth0")]
    public void A_forged_route_becomes_no_command(string? route, string gateway, string device)
    {
        var forged = Stalled() with { Learned = s_learned with { Route = route, Gateway = gateway, Interface = device } };
        Assert.DoesNotContain(Assert.Single(Judge(new TcpEvidence { Stall = forged }).Findings).Fix, fix => fix.Contains("ip route", StringComparison.Ordinal));
    }

    [Fact]
    public void Every_pointer_leads_to_something()
    {
        var bundle = Bundle(new TcpEvidence { Stall = Stalled(), Upload = Transfer(0, 22, 22) with { Verdict = TcpTransferVerdict.AggregationDependentLoss } });
        var judgement = KnownRules.All.Judge(bundle);
        var json = JsonNode.Parse(EvidenceJson.Serialize(judgement.StoreIn(bundle)));
        Assert.Equal(2, judgement.Findings.Count);
        foreach (var pointer in judgement.Findings.SelectMany(finding => finding.Evidence).Select(item => item.Pointer))
        {
            var node = pointer.Split('/').Skip(1).Aggregate(json, (at, part) => at is JsonArray array ? array[int.Parse(part)] : at?.AsObject()[part]);
            Assert.True(node is not null, pointer);
        }
    }

    private static Judgement Judge(TcpEvidence? tcp) => KnownRules.All.Judge(Bundle(tcp));

    private static Bundle Bundle(TcpEvidence? tcp) => Document() with
    {
        Traces = null,
        PathMtus =
        [
            new PathMtuEvidence
            {
                Target = "vip.example", Address = "203.0.113.9", Protocol = ProbeProtocol.Tcp, Port = 443, Verdict = PathMtuVerdict.Clear, Confidence = Confidence.Proved, Tcp = tcp,
            },
        ],
    };

    private static TcpInfoEvidence Info(int pmtu) => new() { State = TcpSocketState.Established, Pmtu = pmtu, SndMss = pmtu - 52, AdvMss = 1448, SndWnd = 65160, Timestamps = true };

    internal static TcpStallEvidence Stalled() => new()
    {
        Port = 443,
        Payload = "tls",
        Verdict = TcpStallVerdict.Stall,
        Confidence = Confidence.Proved,
        StallNs = 205_795_776,
        Learned = s_learned,
        FittingMss = 1440,
        SelfIcmp = 3,
        PathIcmp = 1,
        PathIcmpFrom = "203.0.113.9",
        Counters = new Dictionary<string, long> { ["IpFragFails"] = 3, ["IcmpOutDestUnreachs"] = 3 },
        Connections =
        [
            new() { Name = "A", End = TcpEnd.Done, Octets = 3982, AcknowledgedNs = 300_000, Before = Info(1500), After = Info(1480) with { TotalRetrans = 3 } },
            new()
            {
                Name = "B", End = TcpEnd.Done, Octets = 3982, StallNs = 205_795_776, AcknowledgedNs = 213_000_000, Persist = true, Before = Info(1500), After = Info(1480),
                Samples = [new TcpSample(66_000, 1480, 1428, 3982, 0, 0, 0, 0) { Timer = TcpTimer.Persist }, new TcpSample(213_000_000, 1480, 1428, 0, 0, 0, 0, 0)],
            },
            new() { Name = "D", End = TcpEnd.Done, Octets = 3982, AcknowledgedNs = 70_000, Before = Info(1480), After = Info(1480) },
        ],
    };

    internal static TcpTransferEvidence Transfer(int spaced, int pairs, int bulk) => new()
    {
        Direction = TcpDirection.Upload,
        Port = 443,
        Payload = "zeros",
        Verdict = TcpTransferVerdict.Clean,
        Confidence = Confidence.Likely,
        Pacings = [Pacing(TcpPacing.Spaced, spaced), Pacing(TcpPacing.Pairs, pairs), Pacing(TcpPacing.Bulk, bulk)],
    };

    private static TcpPacingEvidence Pacing(TcpPacing pacing, int lost) => new()
    {
        Pacing = pacing, End = TcpEnd.Done, Octets = 32_000, Acknowledged = 32_000, Segments = 23, Retransmitted = lost, Loss = lost / 23.0, DurationNs = 17_000_000, After = Info(1500),
    };
}
