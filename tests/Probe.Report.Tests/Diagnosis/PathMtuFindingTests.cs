using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using Probe.Report.Charts;
using Probe.Report;
using Probe.Report.Diagnosis;
using static Probe.Testing.MtuSamples;

namespace Probe.Report.Tests.Diagnosis;

/// <summary>What is said of path MTUs, and what is not.</summary>
public class PathMtuFindingTests
{
    [Fact]
    public void The_report_of_all_verdicts() => Golden.Check("tests/Probe.Report.Tests/Golden/path-mtu.md", IncidentReport.Render(All()));

    [Fact]
    public void A_clear_path_is_no_finding() => Assert.Empty(Judge(Path(PathMtuVerdict.Clear, 1500)));

    [Theory]
    [InlineData(PathMtuVerdict.NotAnswering)]
    [InlineData(PathMtuVerdict.Unstable)]
    public void What_could_not_be_measured_is_no_finding(PathMtuVerdict verdict) => Assert.Empty(Judge(Path(verdict, null)));

    [Fact]
    public void Every_reason_has_words() => Assert.All(Enum.GetValues<PathMtuReason>(), reason =>
    {
        Assert.NotEmpty(PathMtuWords.Verdict(Path(PathMtuVerdict.NotAnswering, null) with { Reason = reason }).ToString()!);
        Assert.NotEmpty(PathMtuWords.Verdict(Path(PathMtuVerdict.Unstable, null) with { Reason = reason }).ToString()!);
    });

    [Fact]
    public void A_router_that_tells_the_truth_is_worth_knowing_and_no_fault()
    {
        var finding = Assert.Single(Judge(Path(PathMtuVerdict.Signalled, 1400, Signal("198.51.100.2", 1400))));
        Assert.Equal(("PRB-MTU-001", Severity.Info, false), (finding.Rule, finding.Severity, finding.IsFault()));
        Assert.Contains("198.51.100.2", finding.Summary, StringComparison.Ordinal);

        // No fault, so that only the size tells the repaired path from this one; through a tunnel it is what the first link leaves inside.
        Assert.Equal("probe mtu --tcp -p 443 192.0.2.9 --expect 1500", finding.Verify);
        var inside = Path(PathMtuVerdict.Signalled, 1400, Signal("198.51.100.2", 1400)) with { Via = ["gue:192.0.2.33"], Overhead = 32 };
        Assert.Equal("probe mtu --tcp -p 443 --via gue:192.0.2.33 192.0.2.9 --expect 1468", Assert.Single(Judge(inside)).Verify);
    }

    [Theory]
    [InlineData("gue:192.0.2.33; rm -rf /")]
    [InlineData("--pcap=/etc/passwd")]
    [InlineData("$(id)")]
    public void A_tunnel_that_cannot_be_read_is_never_pasted_into_a_command(string via) =>
        Assert.Null(Assert.Single(Judge(BlackHole() with { Via = [via] })).Verify);

    [Fact]
    public void The_entry_of_a_tunnel_is_a_risk_to_every_new_connection()
    {
        var finding = Assert.Single(Judge(Path(PathMtuVerdict.Signalled, 1480, Signal("192.0.2.9", 1480, PathMtuRole.TunnelEntry))));
        Assert.Equal(("PRB-MTU-001", Severity.Risk, true), (finding.Rule, finding.Severity, finding.IsFault()));
        Assert.Contains(finding.Fix, fix => fix.Contains("advmss 1440", StringComparison.Ordinal));
    }

    [Fact]
    public void A_black_hole_is_named_with_both_its_hops()
    {
        var finding = Assert.Single(Judge(BlackHole()));
        Assert.Equal(("PRB-MTU-004", Severity.Degraded, Confidence.Proved), (finding.Rule, finding.Severity, finding.Confidence));
        Assert.Contains("hop 2 (`198.51.100.2`)", finding.Summary, StringComparison.Ordinal);
        Assert.Contains("hop 3 (`198.51.100.6`)", finding.Summary, StringComparison.Ordinal);
        
        // The size of the broken path must not pass as what is expected of the repaired one.
        Assert.Equal("probe mtu --tcp -p 443 192.0.2.9", finding.Verify);
    }

    [Fact]
    public void The_arithmetic_of_a_relay_bug_is_told()
    {
        var finding = Assert.Single(Judge(RelayBug()));
        Assert.Equal(("PRB-MTU-009", Severity.Degraded), (finding.Rule, finding.Severity));
        Assert.Contains("1380 − 1368 = 12: `only the outer IP header was subtracted", finding.Summary, StringComparison.Ordinal);
    }

    [Fact]
    public void The_signal_that_the_verdict_rests_on_is_named_whatever_number_is_nearer()
    {
        var finding = Assert.Single(Judge(Path(PathMtuVerdict.WrongSignal, 1400, Signal("198.51.100.2", 1390), Signal("198.51.100.6", 9000) with { Decisive = true })));
        Assert.Contains("198.51.100.6", finding.Title, StringComparison.Ordinal);
        Assert.Contains("9000", finding.Title, StringComparison.Ordinal);
    }

    [Fact]
    public void A_field_of_zero_about_a_tunnel_s_own_packet_names_zero()
    {
        var finding = Assert.Single(Judge(Path(PathMtuVerdict.WrongSignal, 1368, Signal("198.51.100.2", 0, implausible: true) with { InnerMtu = -32 }) with { Via = ["gue:192.0.2.33"], Overhead = 32 }));
        Assert.DoesNotContain("-32", finding.Title + finding.Summary + string.Join(' ', finding.Evidence.Select(item => item.Value)), StringComparison.Ordinal);
        Assert.Contains("names 0, which is no size at all", finding.Summary, StringComparison.Ordinal);
    }

    [Fact]
    public void A_number_smaller_than_the_truth_hurts_less_than_a_larger_one()
    {
        var finding = Assert.Single(Judge(Path(PathMtuVerdict.WrongSignal, 1400, Signal("198.51.100.2", 1300))));
        Assert.Equal(("PRB-MTU-009", Severity.Risk), (finding.Rule, finding.Severity));
    }

    [Fact]
    public void A_limit_on_the_way_back_is_not_taken_for_one_on_the_way_there()
    {
        var finding = Assert.Single(Judge(Path(PathMtuVerdict.ReturnPath, 1500) with { ReturnMtu = 1400 }));
        Assert.Equal(("PRB-MTU-010", "probe mtu 192.0.2.9"), (finding.Rule, finding.Verify));
        Assert.Contains(finding.Fix, fix => fix.Contains("maxseg size set 1360", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("http", true, "probe mtu --tcp-upload --payload http 192.0.2.9")]
    [InlineData("tls", false, "probe mtu --tcp-stall --payload tls 192.0.2.9")]
    [InlineData("request.bin", true, null)]
    public void A_limit_on_the_way_back_that_a_connection_told_is_asked_for_with_a_connection(string payload, bool upload, string? verify)
    {
        var path = Path(PathMtuVerdict.ReturnPath, 1500) with { Protocol = ProbeProtocol.Icmp, Port = null, ReturnMtu = 1400, ProvedBy = PathMtuProof.Established, Tcp = Carried(1500, payload, upload) };
        Assert.Equal(verify, Assert.Single(Judge(path)).Verify);
    }

    [Fact]
    public void What_a_connection_carried_is_said_where_probes_say_less()
    {
        var silent = Path(PathMtuVerdict.NotAnswering, null) with { Reason = PathMtuReason.Silence, LargestAnswered = 1400, ProvedBy = PathMtuProof.Established };
        Assert.EndsWith("A connection carried packets of 1400 octets all the same, and sent no larger ones.", PathMtuWords.Verdict(silent).ToString(), StringComparison.Ordinal);
        Assert.EndsWith("A connection, another flow, carried packets of 1500 octets: by another path, or past a filter of large SYNs.",
            PathMtuWords.Verdict(BlackHole() with { Tcp = Carried(1500) }).ToString(), StringComparison.Ordinal);
        Assert.EndsWith("nothing tells their sender.", PathMtuWords.Verdict(BlackHole() with { Tcp = Carried(1400) }).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void What_helps_inside_a_tunnel_or_against_a_link_too_small_for_IPv6_is_no_route_of_this_host()
    {
        var tunnelled = BlackHole() with { Via = ["gue:192.0.2.33"], Overhead = 32, ProvedBy = PathMtuProof.Ack };
        var small = Path(PathMtuVerdict.BlackHole, 1200) with { Address = "2001:db8::9" };
        Assert.Equal("probe mtu --via gue:192.0.2.33 192.0.2.9", Assert.Single(Judge(tunnelled)).Verify);
        foreach (var path in new[] { tunnelled, small, BlackHole() with { Source = "192.0.2.9" } })
        {
            Assert.DoesNotContain(Assert.Single(Judge(path)).Fix, fix => fix.StartsWith("on this host", StringComparison.Ordinal));
        }

        Assert.Contains(Assert.Single(Judge(small)).Fix, fix => fix.StartsWith("raise the link", StringComparison.Ordinal));
        Assert.Contains(Assert.Single(Judge(BlackHole())).Fix, fix => fix.StartsWith("on this host: ip route replace 192.0.2.9/32 $(", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(PathMtuVerdict.NotAnswering, PathMtuReason.NoProof, "What answers is not the server")]
    [InlineData(PathMtuVerdict.NotAnswering, PathMtuReason.Reset, "The probes are reset")]
    [InlineData(PathMtuVerdict.NotAnswering, PathMtuReason.AdminProhibited, "A filter refuses")]
    [InlineData(PathMtuVerdict.NotAnswering, PathMtuReason.HostUnreachable, "no answer from the target")]
    [InlineData(PathMtuVerdict.NotAnswering, PathMtuReason.NetworkUnreachable, "no route to the target")]
    [InlineData(PathMtuVerdict.NotAnswering, PathMtuReason.NoRoute, "nothing was asked")]
    [InlineData(PathMtuVerdict.NotAnswering, PathMtuReason.LocalRule, "A rule of this host lets no probe to the target leave")]
    [InlineData(PathMtuVerdict.NotAnswering, PathMtuReason.Local, "could not send to the target")]
    [InlineData(PathMtuVerdict.NotAnswering, PathMtuReason.Silence, "Ask in another way")]
    [InlineData(PathMtuVerdict.Unstable, PathMtuReason.Interrupted, "stopped before its end: between 1004 octets, which were answered, and 1005, which were not.")]
    [InlineData(PathMtuVerdict.Unstable, PathMtuReason.MaxProbes, "(--max-probes): between 1004")]
    [InlineData(PathMtuVerdict.Unstable, PathMtuReason.Silence, "and then no more: between 1004")]
    [InlineData(PathMtuVerdict.Unstable, PathMtuReason.AmbiguousAnswers, "do not say which size")]
    [InlineData(PathMtuVerdict.Unstable, PathMtuReason.CannotSend, "let nothing leave")]
    [InlineData(PathMtuVerdict.Signalled, PathMtuReason.LocalRule, "a rule of its output chain")]
    [InlineData(PathMtuVerdict.Unstable, PathMtuReason.Loss, "Loss hides")]
    [InlineData(PathMtuVerdict.BlackHole, PathMtuReason.ReplyPath, "or the replies to them")]
    public void Each_reason_has_words_of_its_own(PathMtuVerdict verdict, PathMtuReason reason, string expected) =>
        Assert.Contains(expected, PathMtuWords.Verdict(Path(verdict, 1004) with { Reason = reason }).ToString(), StringComparison.Ordinal);

    [Theory]
    [InlineData(1468, "by 32 octets: so many GUE adds")]
    [InlineData(1461, "by at least 39 octets")]
    public void Headers_are_named_only_where_they_are_known(int mtu, string expected)
    {
        var finding = Assert.Single(Judge(Path(PathMtuVerdict.Signalled, mtu, Signal("192.0.2.9", mtu, PathMtuRole.TunnelEntry))));
        Assert.EndsWith(expected, finding.Fix[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Flows_that_differ_name_the_smaller_member()
    {
        var second = BlackHole() with { Flow = new PathMtuFlow(3, 40_003, 443) };
        var findings = Judge(Path(PathMtuVerdict.Clear, 1500), second);
        var member = Assert.Single(findings, finding => finding.Rule == "PRB-MTU-008");
        Assert.Contains(member.Evidence, item => item.Text.Contains("source port 40003", StringComparison.Ordinal) && item.Value == "1400 octets");
        Assert.Equal("probe mtu --tcp -p 443 --flows 3 192.0.2.9", member.Verify);
    }

    [Fact]
    public void Two_targets_that_differ_are_no_members_of_one_group() =>
        Assert.DoesNotContain(Judge(Path(PathMtuVerdict.Clear, 1500), BlackHole() with { Target = "other.example" }), finding => finding.Rule == "PRB-MTU-008");

    [Fact]
    public void The_ladder_shows_the_step_and_the_ends_of_a_long_search()
    {
        var sizes = Enumerable.Range(0, 40).Select(i => new PathMtuSize(1381 + i, 1, i < 20 ? 1 : 0)).Append(new PathMtuSize(68, 1, 1)).Append(new PathMtuSize(1500, 3, 0)).ToList();
        var rows = SizeLadder.Draw(BlackHole() with { Sizes = sizes });
        Assert.StartsWith("✗ 1500", rows[0], StringComparison.Ordinal);
        Assert.StartsWith("✓   68", rows[^1], StringComparison.Ordinal);
        Assert.Contains(rows, row => row.StartsWith("✗ 1401", StringComparison.Ordinal));
        Assert.Contains(rows, row => row.StartsWith("✓ 1400", StringComparison.Ordinal) && row.EndsWith("← path MTU", StringComparison.Ordinal));
        Assert.InRange(rows.Count, 5, 16);
    }

    private static TcpEvidence Carried(int octets, string payload = "zeros", bool upload = true) => upload
        ? new TcpEvidence
        {
            Upload = new TcpTransferEvidence
            {
                Direction = TcpDirection.Upload, Port = 80, Payload = payload, Verdict = TcpTransferVerdict.Clean, Confidence = Confidence.Likely,
                Pacings = [new TcpPacingEvidence { Pacing = TcpPacing.Spaced, End = TcpEnd.Done, LargestPacket = octets }],
            },
        }
        : new TcpEvidence
        {
            Stall = new TcpStallEvidence
            {
                Port = 80, Payload = payload, Verdict = TcpStallVerdict.NotLearned, Confidence = Confidence.Likely,
                Connections = [new TcpStallConnection { Name = "A", End = TcpEnd.Done, LargestPacket = octets }],
            },
        };

    private static IReadOnlyList<Finding> Judge(params PathMtuEvidence[] paths) => KnownRules.All.Judge(Document(paths)).Findings;
}
