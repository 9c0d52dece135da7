using System.Text.Json.Nodes;
using Probe.Core.Evidence;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;
using Probe.Report;
using Probe.Report.Diagnosis;
using Probe.Report.Parts;
using static Probe.Testing.Samples;

namespace Probe.Report.Tests.Diagnosis;

public class RuleTests
{
    private const string Target = "203.0.113.9";

    [Fact]
    public void A_clean_path_has_no_findings_and_every_rule_is_excluded()
    {
        var judgement = Judge(Document(Trace(true, Hop(1, Node("10.0.0.1")), SilentHop(2), Hop(3, Node("10.0.0.3")), Hop(4, Target()))));
        Assert.Empty(judgement.Findings);
        Assert.Empty(NotExamined(judgement));
        Assert.Equal("PRB-MTU-007 PRB-PATH-001 PRB-PATH-003 PRB-PATH-004 PRB-PATH-005 PRB-PATH-006 PRB-PATH-007 PRB-PATH-008 PRB-PATH-009 PRB-PATH-010 PRB-PATH-013 PRB-PATH-014",
            string.Join(' ', judgement.Excluded.Select(rule => rule.Id)));
    }

    [Fact]
    public void Without_traces_nothing_can_be_judged()
    {
        var judgement = Judge(Document() with { Traces = null });
        Assert.Empty(judgement.Findings);
        Assert.Empty(judgement.Excluded);
        Assert.All(NotExamined(judgement), item => Assert.Equal("/traces", item.Missing));
        Assert.Equal(12, NotExamined(judgement).Count());
    }

    [Fact]
    public void A_mode_without_quotes_excludes_nothing_that_quotes_would_show()
    {
        var judgement = Judge(Document(Trace(true, Hop(1, Node("10.0.0.1")), Hop(2, Target())) with { Mode = TraceMode.Unprivileged }));
        Assert.Equal(["PRB-PATH-008", "PRB-PATH-009", "PRB-PATH-013"], NotExamined(judgement).Select(item => item.Rule));
        Assert.DoesNotContain(judgement.Excluded, rule => rule.Id is "PRB-PATH-008" or "PRB-PATH-009" or "PRB-PATH-013");
    }

    [Fact]
    public void A_lying_hop_is_an_info_and_no_fault()
    {
        var judgement = Judge(LyingHop());
        var finding = Assert.Single(judgement.Findings);
        Assert.Equal(("PRB-MTU-007", Severity.Info, Confidence.Proved), (finding.Rule, finding.Severity, finding.Confidence));
        Assert.Equal("Hop 2 `10.8.0.1` answers fragmentation needed, MTU 9000, to a small probe", finding.Title);
        Assert.Equal("/traces/0/hops/1/nodes/0/replies/0", Assert.Single(finding.Evidence).Pointer);
        Assert.Equal("probe trace --tcp -p 443 203.0.113.9", finding.Verify);
        Assert.False(judgement.HasFault);
    }

    [Theory]
    [InlineData(0, true, 60, true)]
    [InlineData(9000, true, 60, true)]
    [InlineData(1400, false, 1500, false)]
    [InlineData(0, null, 60, true)]
    [InlineData(60, null, 60, true)]
    [InlineData(59, null, 60, false)]
    [InlineData(1400, null, null, false)]
    public void Only_an_impossible_mtu_is_a_lie(int mtu, bool? implausible, int? size, bool found)
    {
        var lie = Node("10.8.0.1", ReplyKind.FragmentationNeeded, 3, 4, mtu: mtu, implausible: implausible);
        var judgement = Judge(Document(Trace(true, Hop(1, lie), Hop(2, Target())) with { Size = size }));
        Assert.Equal(found, judgement.Findings.Count == 1);
    }

    [Fact]
    public void One_router_that_lies_at_two_ttls_is_one_finding()
    {
        var finding = Assert.Single(Judge(Document(Trace(true, Hop(1, LyingNode()), Hop(2, LyingNode()), Hop(3, Target())))).Findings);
        Assert.Equal(2, finding.Evidence.Count);
    }

    [Fact]
    public void Missing_answers_of_one_hop_are_a_rate_limit()
    {
        var judgement = Judge(Document(Trace(true, Hop(1, Node("10.0.0.1")), LimitedHop(2, Node("10.0.0.2", received: 4)), Hop(3, Target()))));
        var finding = Assert.Single(judgement.Findings);
        Assert.Equal(("PRB-PATH-001", Severity.Info, "TTL 2"), (finding.Rule, finding.Severity, finding.Where));
        Assert.Equal("rate-limited 60.0 %", finding.Evidence[0].Value);
    }

    [Fact]
    public void A_silent_hop_is_no_rate_limit() =>
        Assert.Empty(Judge(Document(Trace(true, SilentHop(1), Hop(2, Target())))).Findings);

    [Fact]
    public void Loss_that_later_hops_bear_out_is_no_rate_limit_whatever_rounding_leaves()
    {
        var lossy = Hop(1, Node("10.0.0.1", received: 9)) with { Loss = 0.1, RateLimited = 1 - 0.9 - 0.1 + 1e-16 };
        Assert.Empty(Judge(Document(Trace(true, lossy, Hop(2, Target())))).Findings);
    }

    [Fact]
    public void Answers_lost_in_this_host_forbid_any_word_on_loss()
    {
        var trace = Trace(true, LimitedHop(1, Node("10.0.0.1", received: 4)), Hop(2, Target())) with { LocalLost = 3 };
        var judgement = Judge(Document(trace));
        Assert.Empty(judgement.Findings);
        var missing = Assert.Single(NotExamined(judgement));
        Assert.Equal("PRB-PATH-001", missing.Rule);
        Assert.Contains("up to 3 answers", missing.Missing, StringComparison.Ordinal);
        Assert.DoesNotContain(judgement.Excluded, rule => rule.Id.Equals("PRB-PATH-001", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("A B A B", Confidence.Proved)]
    [InlineData("X A B A B A B A", Confidence.Proved)]
    [InlineData("X A B C A B C", Confidence.Proved)]
    [InlineData("A B * B A B", Confidence.Proved)]
    [InlineData("A * A * A *", Confidence.Hint)]
    [InlineData("A B A", null)]
    [InlineData("A B C A B", null)]
    [InlineData("A A", null)]
    [InlineData("A A A A A A", null)]
    [InlineData("A * A", null)]
    [InlineData("A B C D E F", null)]
    [InlineData("* * * * * *", null)]
    [InlineData("A A B B", null)]
    public void A_loop_needs_two_full_periods(string path, Confidence? confidence)
    {
        var hops = path.Split(' ').Select((router, i) => router[0] == '*' ? SilentHop(i + 1) : Hop(i + 1, Node($"10.0.0.{(int)router[0]}"))).ToArray();
        var finding = Judge(Document(Trace(false, hops))).Findings.SingleOrDefault();
        Assert.Equal(confidence, finding?.Confidence);
        if (finding is not null)
        {
            Assert.Equal(("PRB-PATH-005", Severity.Outage), (finding.Rule, finding.Severity));
        }
    }

    [Fact]
    public void A_loop_on_a_path_that_arrives_is_an_info()
    {
        var hops = "ABAB".Select((router, i) => Hop(i + 1, Node($"10.0.0.{(int)router}"))).Append(Hop(5, Target())).ToArray();
        var judgement = Judge(Document(Trace(true, hops)));
        Assert.Equal(Severity.Info, Assert.Single(judgement.Findings).Severity);
        Assert.False(judgement.HasFault);
    }

    [Fact]
    public void Two_flows_that_cross_make_no_loop()
    {
        // Flow 1 sees A B C D, flow 2 sees B A D C: every address repeats, no flow repeats one.
        var hops = new[] { "AB", "BA", "CD", "DC" }.Select((pair, i) => Hop(
            i + 1,
            Node($"10.0.0.{(int)pair[0]}") with { Flows = [1] },
            Node($"10.0.0.{(int)pair[1]}") with { Flows = [2] })).ToArray();
        var flow = Trace(false, hops).Flows[0];
        Assert.Empty(Judge(Document(Trace(false, hops) with { Flows = [flow, flow with { Id = 2 }] })).Findings);
    }

    [Fact]
    public void A_firewall_that_rejects_every_second_probe_is_no_loop()
    {
        var hops = Enumerable.Range(1, 8).Select(ttl => ttl % 2 == 0 ? SilentHop(ttl) : Hop(ttl, Node("10.0.0.1", ReplyKind.AdminProhibited, 3, 13))).ToArray();
        Assert.Equal("PRB-PATH-007", Assert.Single(Judge(Document(Trace(false, hops))).Findings).Rule);
    }

    [Theory]
    [InlineData(ReplyKind.HostUnreachable, 1, "host unreachable (ICMP 3/1)")]
    [InlineData(ReplyKind.NetworkUnreachable, 0, "network unreachable (ICMP 3/0)")]
    [InlineData(ReplyKind.AdminProhibited, 13, "administratively prohibited (ICMP 3/13)")]
    [InlineData(ReplyKind.ProtocolUnreachable, 2, "protocol unreachable (ICMP 3/2)")]
    [InlineData(ReplyKind.PortUnreachable, 3, "port unreachable, in place of the target (ICMP 3/3)")]
    [InlineData(ReplyKind.OtherUnreachable, 5, "unreachable (ICMP 3/5)")]
    public void A_rejection_says_who_and_with_which_code(ReplyKind kind, int code, string what)
    {
        var wall = Node("10.0.0.2", kind, 3, code);
        var judgement = Judge(Document(Trace(false, Hop(1, Node("10.0.0.1")), Hop(2, wall), Hop(3, wall))));
        var finding = Assert.Single(judgement.Findings);
        Assert.Equal(("PRB-PATH-007", Severity.Outage, Confidence.Proved), (finding.Rule, finding.Severity, finding.Confidence));
        Assert.Equal($"Hop 2 `10.0.0.2` rejects packets to `example.net`: {what}", finding.Title);
        Assert.True(judgement.HasFault);
    }

    [Fact]
    public void A_rejection_on_a_path_that_arrives_is_an_info()
    {
        var judgement = Judge(Document(Trace(true, Hop(1, Node("10.0.0.1", ReplyKind.HostUnreachable, 3, 1)), Hop(2, Target()))));
        Assert.Equal(Severity.Info, Assert.Single(judgement.Findings).Severity);
    }

    [Fact]
    public void A_rejection_that_later_hops_contradict_is_only_a_hint()
    {
        var judgement = Judge(Document(Trace(false, Hop(1, Node("10.0.0.1", ReplyKind.HostUnreachable, 3, 1)), Hop(2, Node("10.0.0.2")))));
        Assert.Equal(Confidence.Hint, Assert.Single(judgement.Findings).Confidence);
        Assert.False(judgement.HasFault);
    }

    [Theory]
    [InlineData(ReplyKind.PortUnreachable, 3, 3)]
    [InlineData(ReplyKind.Reset, null, null)]
    public void A_closed_port_of_the_target_is_no_rejection(ReplyKind kind, int? type, int? code) =>
        Assert.Empty(Judge(Document(Trace(true, Hop(1, Node("10.0.0.1")), Hop(2, Node(Target, kind, type, code))))).Findings);

    [Fact]
    public void Stored_findings_change_nothing()
    {
        var honest = LyingHop();
        var forged = honest with { Findings = [Finding("PRB-EVIL-001", Severity.Outage, Confidence.Proved, "/traces/0")], NotExamined = [new NotExamined("PRB-MTU-007", "all")] };
        Assert.Equal(IncidentReport.Render(honest), IncidentReport.Render(forged));
    }

    [Fact]
    public void Every_pointer_leads_to_something()
    {
        var loop = Trace(false, [.. "ABABAB".Select((router, i) => Hop(i + 1, Node($"10.0.0.{(int)router}")))]);
        var wall = Trace(false, Hop(1, LyingNode()), LimitedHop(2, Node("10.0.0.2", received: 3)), Hop(3, Node("10.0.0.3", ReplyKind.AdminProhibited, 3, 13)));
        var bundle = Document(loop, wall);
        var judgement = Judge(bundle);
        Assert.Equal("PRB-PATH-005 PRB-PATH-007 PRB-MTU-007 PRB-PATH-001", string.Join(' ', judgement.Findings.Select(finding => finding.Rule)));
        var json = JsonNode.Parse(EvidenceJson.Serialize(judgement.StoreIn(bundle)));
        foreach (var item in judgement.Findings.SelectMany(finding => finding.Evidence))
        {
            var node = json;
            foreach (var part in item.Pointer.Split('/').Skip(1))
            {
                node = node is JsonArray array ? array[int.Parse(part)] : node!.AsObject()[part];
            }

            Assert.NotNull(node);
        }
    }

    [Fact]
    public void Findings_are_ranked_and_a_cause_hides_its_symptoms_in_the_same_trace_only()
    {
        var rules = new RuleSet(
        [
            new Fixed("PRB-C", Finding("PRB-C", Severity.Info, Confidence.Proved, "/traces/0/reached")),
            new Fixed("PRB-B", Finding("PRB-B", Severity.Outage, Confidence.Likely, "/traces/0/hops/1"), Finding("PRB-B", Severity.Outage, Confidence.Likely, "/traces/1/hops/1")),
            new Fixed("PRB-A", Finding("PRB-A", Severity.Outage, Confidence.Proved, "/traces/0") with { Suppresses = ["PRB-B"] }),
            new Fixed("PRB-D", Finding("PRB-D", Severity.Outage, Confidence.Likely, "/traces/1")),
        ], DocumentParts.All);
        var findings = rules.Judge(LyingHop()).Findings;
        Assert.Equal("PRB-A PRB-B PRB-D PRB-C", string.Join(' ', findings.Select(finding => finding.Rule)));
        Assert.Equal("/traces/1/hops/1", findings[1].Evidence[0].Pointer);
    }

    [Theory]
    [InlineData(Severity.Info, Confidence.Proved, false)]
    [InlineData(Severity.Risk, Confidence.Hint, false)]
    [InlineData(Severity.Risk, Confidence.Likely, true)]
    [InlineData(Severity.Outage, Confidence.Proved, true)]
    public void A_fault_is_risk_or_worse_and_likely_or_better(Severity severity, Confidence confidence, bool fault) =>
        Assert.Equal(fault, Finding("PRB-X", severity, confidence, "/traces/0").IsFault());

    // Rules about path MTUs have nothing to look at here.
    private static IEnumerable<NotExamined> NotExamined(Judgement judgement) => judgement.NotExamined.Where(item => item.Missing is not "/pathMtus");

    private static Judgement Judge(Bundle bundle) => KnownRules.All.Judge(bundle);

    private static Finding Finding(string rule, Severity severity, Confidence confidence, string pointer) => new()
    {
        Rule = rule, Title = rule, Severity = severity, Confidence = confidence, Where = "", Summary = "", Evidence = [new EvidenceItem("", "", pointer)],
    };

    private sealed class Fixed(string id, params Finding[] findings) : IRule
    {
        public string Id => id;

        public string Title => id;

        public IReadOnlyList<string> Needs => [];

        public IReadOnlyList<string> Falsifiers => [];

        public RuleResult Evaluate(Bundle bundle) => new(findings, []);
    }
}
