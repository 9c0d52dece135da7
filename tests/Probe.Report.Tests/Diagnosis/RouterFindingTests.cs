using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;
using Probe.Core.Wire;
using Probe.Lab.Simulation;
using Probe.Report.Diagnosis;
using Probe.Report.Paths;
using static Probe.Testing.Samples;
using static Probe.Report.Tests.Diagnosis.FlowFindingTests;

namespace Probe.Report.Tests.Diagnosis;

/// <summary>What is said of single routers, beside what the simulated router really does; and what is not said.</summary>
public class RouterFindingTests
{
    private const string FourthRouter = "10.0.3.2";

    [Fact]
    public void Zero_ttl_forwarding_is_named_and_no_loop()
    {
        var trace = Run(Topologies.Line(6).With("r3", node => node with { Ttl = TtlHandling.ForwardsZero }));
        Assert.Equal([FourthRouter, FourthRouter], new[] { trace.Hops[2], trace.Hops[3] }.Select(hop => Assert.Single(hop.Nodes).Address));
        Assert.Contains("zero-TTL: the router before passed on what had ended there", trace.Hops[2].Nodes[0].Notes);
        var finding = Assert.Single(Judge(trace).Findings);
        Assert.Equal(("PRB-PATH-013", "TTL 3, " + FourthRouter), (finding.Rule, finding.Where));
    }

    [Fact]
    public void A_router_that_always_quotes_ttl_0_forwards_nothing_wrongly() =>
        AssertNothing(Topologies.Line(6).With("r3", node => node with { Errors = node.Errors with { Quote = new QuoteSpec { Ttl = 0 } } }));

    [Fact]
    public void A_true_loop_is_found()
    {
        var topology = Topologies.Line(6).With("r4", node => node with
        {
            Routes = [new RouteSpec { Prefix = IpPrefix.Of(TopologyBuilder.TargetV4), NextHops = [new NextHop("r3")] }],
        });
        var finding = Assert.Single(Judge(Run(topology)).Findings, finding => finding.Severity > Severity.Info);
        Assert.Equal(("PRB-PATH-005", Severity.Outage, Confidence.Proved), (finding.Rule, finding.Severity, finding.Confidence));
    }

    [Fact]
    public void Paths_of_unequal_length_are_no_loop_and_no_fault()
    {
        foreach (var balancing in new[] { Balancing.PerFlow, Balancing.PerPacket })
        {
            for (ulong seed = 1; seed <= 10; seed++)
            {
                var trace = Run(Topologies.UnequalDiamond([1, 2, 4], balancing: balancing, seed: seed), flows: 8);
                Assert.DoesNotContain(Judge(trace).Findings, finding => finding.Rule is "PRB-PATH-005" or "PRB-PATH-010" or "PRB-PATH-013" || finding.Severity > Severity.Info);
            }
        }
    }

    [Theory]
    [InlineData(ProbeProtocol.Udp, false)]
    [InlineData(ProbeProtocol.Tcp, false)]
    [InlineData(ProbeProtocol.Icmp, true)]
    public void A_changed_dscp_is_shown_where_the_quote_first_differs(ProbeProtocol protocol, bool isV6)
    {
        var trace = Run(
            Topologies.Line(6).With("r3", node => node with { TrafficClass = TrafficClassRewrite.BleachDscp }), protocol, isV6: isV6, change: options => options with { Dscp = 46 });
        var finding = Assert.Single(Judge(trace).Findings);
        Assert.Equal($"dscp 46 → 0 before hop 4 `{trace.Hops[3].Nodes[0].Address}`", finding.Title);
        Assert.Equal(("PRB-PATH-009", Severity.Info), (finding.Rule, finding.Severity));
        Assert.Contains("dscp 46 → 0 before this hop", trace.Hops[3].Nodes[0].Notes);
        Assert.All(trace.Hops.Where(hop => hop.Ttl != 4), hop => Assert.All(hop.Nodes, node => Assert.Empty(node.Notes)));
    }

    [Fact]
    public void An_ecn_mark_is_told_from_a_dscp_one()
    {
        var trace = Run(Topologies.Line(4).With("r1", node => node with { TrafficClass = new TrafficClassRewrite(0xff, 1) }), change: options => options with { Dscp = 10 });
        Assert.StartsWith("ecn 0 → 1 before hop 2 ", Assert.Single(Judge(trace).Findings).Title, StringComparison.Ordinal);
    }

    [Fact]
    public void A_dscp_that_stays_is_no_finding() => AssertNothing(Topologies.Line(6), options => options with { Dscp = 46 });

    [Theory]
    [InlineData(0, "source address")]
    [InlineData(20_000, "source address and source port")]
    public void A_nat_is_named_at_the_hop_from_which_the_quote_differs(int port, string what)
    {
        var nat = new NatSpec
        {
            Sources = [new NatRule(IpPrefix.Of(TopologyBuilder.VantageV4), IpAddress.Parse("10.0.2.1"), (ushort)port)],
            Errors = NatErrors.Left,
        };
        var trace = Run(Topologies.Line(5).With("r2", node => node with { Nat = nat }));
        var finding = Assert.Single(Judge(trace).Findings);
        Assert.Equal(("PRB-PATH-008", $"NAT before hop 3 `10.0.2.2`: {what} rewritten"), (finding.Rule, finding.Title));
        Assert.All(trace.Hops.Where(hop => hop.Ttl < 3), hop => Assert.Null(hop.Nodes[0].Rewritten));
        Assert.Single(trace.Hops.SelectMany(hop => hop.Nodes).SelectMany(node => node.Notes));
    }

    [Fact]
    public void Labels_and_interfaces_stand_in_the_document_and_the_report()
    {
        var extensions = new ExtensionSpec
        {
            Mpls = [new MplsLabel(16_003, 5, Bottom: false, 1), new MplsLabel(24_001, 0, Bottom: true, 2)],
            Interfaces = [new InterfaceInformation(0, 7, null, "xe-0/0/1", 9000)],
        };
        var trace = Run(Topologies.Line(4).With("r2", node => node with { Errors = node.Errors with { Extensions = extensions } }));
        var node = Assert.Single(trace.Hops[1].Nodes);
        Assert.Equal([new MplsEvidence(16_003, 5, false, 1), new MplsEvidence(24_001, 0, true, 2)], node.Mpls!);
        Assert.Equal(["incoming interface xe-0/0/1 index 7 mtu 9000"], node.Notes);
        var report = IncidentReport.Render(Document(trace));
        Assert.Contains("MPLS 16003, MPLS 24001, `incoming interface xe-0/0/1 index 7 mtu 9000`", report, StringComparison.Ordinal);
        Assert.Contains("\"label\": 16003", EvidenceJson.Serialize(Document(trace)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_longer_way_back_is_a_hint_in_so_many_words()
    {
        // Answers of r4 and beyond go back to r3 over five more routers.
        var builder = new TopologyBuilder().Host("h", TopologyBuilder.VantageV4).Host("t", TopologyBuilder.TargetV4);
        string[] chain = ["h", "r1", "r2", "r3", "r4", "r5", "t"];
        string[] back = ["r4", "x1", "x2", "x3", "x4", "x5", "r3"];
        foreach (var path in new[] { chain, back })
        {
            for (var i = 1; i < path.Length; i++)
            {
                builder.Link(path[i - 1], path[i]);
            }
        }

        for (var i = 1; i < back.Length; i++)
        {
            var next = back[i];
            builder.Node(back[i - 1], node => node with
            {
                Routes = node.Routes.Add(new RouteSpec { Prefix = IpPrefix.Of(TopologyBuilder.VantageV4), NextHops = [new NextHop(next)] }),
            });
        }

        var trace = Run(builder.Build());
        var finding = Assert.Single(Judge(trace).Findings);
        Assert.Equal(("PRB-PATH-006", Severity.Info, Confidence.Hint), (finding.Rule, finding.Severity, finding.Confidence));
        Assert.StartsWith("Hint: answers from hop 4 ", finding.Title, StringComparison.Ordinal);
        Assert.Contains("come back over 9 hops", finding.Title, StringComparison.Ordinal);
        Assert.Contains("hint only", finding.Summary, StringComparison.Ordinal);
        Assert.Equal(["+5", "+5", "+5"], finding.Evidence.Select(item => item.Value));
    }

    [Theory]
    [InlineData(64, 1)]
    [InlineData(60, 5)]
    [InlineData(128, 1)]
    [InlineData(250, 6)]
    [InlineData(65, null)]
    [InlineData(0, null)]
    [InlineData(null, null)]
    public void The_length_of_the_way_back_is_guessed_from_usual_first_ttls(int? replyTtl, int? length) =>
        Assert.Equal(length, AsymmetricReturn.LengthOfReturn(replyTtl));

    [Theory]
    [InlineData(64)]
    [InlineData(128)]
    [InlineData(255)]
    public void A_way_back_as_long_as_the_way_there_is_no_hint_whatever_ttl_routers_begin_with(byte initial)
    {
        var topology = Topologies.Line(8);
        foreach (var router in Enumerable.Range(1, 8))
        {
            topology = topology.With($"r{router}", node => node with { Errors = node.Errors with { InitialTtl = initial } });
        }

        AssertNothing(topology);
    }

    [Fact]
    public void Who_rejects_at_a_chance_ttl_is_placed_no_better_than_is_known()
    {
        // The fourth router has no route: it says so about one packet in twelve, whatever its TTL, and drops the rest.
        var says = AnswerRule.Icmp(3, 0);
        var later = 0;
        for (ulong seed = 1; seed <= 10; seed++)
        {
            var trace = Run(Topologies.Line(5, seed: seed).With("r4", node => node with
            {
                Rules =
                [
                    .. new[] { When.Expired, When.Transit }.SelectMany(when => new[]
                    {
                        says with { When = when, Match = says.Match with { Share = 1 / 12.0 } }, AnswerRule.Drop(when, new PacketMatch()),
                    }),
                ],
            }), cycles: 1);
            if (trace.Hops.FirstOrDefault(hop => hop.Ttl > 4 && hop.Nodes.Count > 0) is { Ttl: var first } && trace.Hops[3].Nodes.Count == 0)
            {
                later++;
                var finding = Assert.Single(Judge(trace).Findings);
                Assert.Equal($"`{FourthRouter}`, somewhere from hop 4 to {first}, rejects packets to `t`: network unreachable (ICMP 3/0)", finding.Title);
                Assert.Equal($"TTL 4 to {first}, {FourthRouter}", finding.Where);
                Assert.Contains($"TTL {first} is merely the lowest at which it answered", finding.Summary, StringComparison.Ordinal);
            }
        }

        Assert.InRange(later, 5, 10);
    }

    [Fact]
    public void Silent_routers_of_two_branches_stay_two()
    {
        var topology = Topologies.UnequalDiamond([2, 2]);
        foreach (var router in new[] { "b1.2", "b2.2" })
        {
            topology = topology.With(router, node => node with { Errors = node.Errors with { Silent = Protocols.All } });
        }

        var trace = Run(topology, flows: 8);
        Assert.Empty(trace.Hops[2].Nodes);
        Assert.Equal(2, trace.Links.Count(link => link is { Ttl: 2, From: not null, To: null }));
        Assert.Equal(2, PathGraph.Of(trace).Nodes.Count(node => node.Kind == PathNodeKind.Silent));
        Assert.DoesNotContain(Judge(trace).Findings, finding => finding.Severity > Severity.Info);
    }

    private static void AssertNothing(Topology topology, Func<Core.Tracing.TraceOptions, Core.Tracing.TraceOptions>? change = null) =>
        Assert.Empty(Judge(Run(topology, change: change)).Findings);

    private static TraceEvidence Run(Topology topology, ProbeProtocol protocol = ProbeProtocol.Udp, int flows = 1, bool isV6 = false, int cycles = 3,
        Func<Core.Tracing.TraceOptions, Core.Tracing.TraceOptions>? change = null) =>
        SimulatedTrace.Run(topology, protocol, isV6, cycles, flows, change).Evidence;
}
