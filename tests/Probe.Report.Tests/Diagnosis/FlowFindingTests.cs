using System.Globalization;
using System.Text;
using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;
using Probe.Lab.Simulation;
using Probe.Report;
using Probe.Report.Diagnosis;
using static Probe.Testing.Samples;

namespace Probe.Report.Tests.Diagnosis;

/// <summary>What is said of flows and links, beside the simulated network's truth.</summary>
public class FlowFindingTests
{
    private const int Flows = 16;

    [Theory]
    [InlineData(ProbeProtocol.Tcp, false)]
    [InlineData(ProbeProtocol.Udp, false)]
    [InlineData(ProbeProtocol.Udp, true)]
    public void A_member_whose_link_loses_everything_is_named_with_its_flows(ProbeProtocol protocol, bool isV6)
    {
        var topology = Topologies.Diamond(2).WithLink("b1", "m", link => link with { Quality = link.Quality with { Loss = 1 }, Back = link.Quality });
        var trace = Run(topology, protocol, cycles: 5, isV6: isV6);
        var through = Through(topology, "b1", protocol, isV6);
        var finding = Assert.Single(Judge(trace).Findings, finding => finding.Rule == "PRB-PATH-003");
        Assert.Equal(
            $"{through.Length} of {Flows} flows go through `{Address(topology, "h", "s", isV6)}` → `{Address(topology, "s", "b1", isV6)}` and all are lost behind it; the other {Flows - through.Length} lose nothing",
            finding.Title);
        Assert.Equal((Severity.Degraded, Confidence.Proved), (finding.Severity, finding.Confidence));
        Assert.Contains($"flows {string.Join(", ", through)}:", finding.Evidence[0].Text, StringComparison.Ordinal);
        Assert.True(Judge(trace).HasFault);
        Assert.Contains(finding.Title.Replace("`", "", StringComparison.Ordinal), IncidentReport.Render(Document(trace)).Replace("`", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public void A_link_that_loses_a_share_is_named_with_both_ends_and_the_share()
    {
        var topology = Topologies.Diamond(4).WithLink("s", "b2", link => link with { Quality = link.Quality with { Loss = 0.4 }, Back = link.Quality });
        var trace = Run(topology, ProbeProtocol.Tcp, cycles: 25);
        var through = Through(topology, "b2", ProbeProtocol.Tcp);
        var finding = Assert.Single(Judge(trace).Findings, finding => finding.Rule == "PRB-PATH-003");
        var start = $"{through.Length} of {Flows} flows go through `{Address(topology, "h", "s")}` → `{Address(topology, "s", "b2")}` and lose ";
        Assert.StartsWith(start, finding.Title, StringComparison.Ordinal);
        Assert.EndsWith($"% there; the other {Flows - through.Length} lose nothing", finding.Title, StringComparison.Ordinal);
        Assert.InRange(double.Parse(finding.Title[start.Length..].Split(' ')[0], CultureInfo.InvariantCulture), 30, 50);
        var link = Assert.Single(trace.Links, link => link.To == Address(topology, "s", "b2"));
        Assert.Equal(through, link.Flows);
        Assert.InRange(link.Loss!.Value, 0.3, 0.5);
        Assert.InRange(link.RttNs!.Avg, 4_000_000, 4_000_000);
        Assert.Contains($"`{link.To}` | {through.Length} | {link.Sent} | {link.Received} |", string.Join(' ', IncidentReport.Render(Document(trace)).Split(' ', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        Assert.All(trace.Flows, flow => Assert.Equal(through.Contains(flow.Id), flow.AnsweredByTarget < flow.SentToTarget));
    }

    [Fact]
    public void Two_bad_members_are_two_findings()
    {
        var topology = Topologies.Diamond(4);
        foreach (var member in new[] { "b1", "b3" })
        {
            topology = topology.WithLink(member, "m", link => link with { Quality = link.Quality with { Loss = 1 }, Back = link.Quality });
        }

        var findings = Judge(Run(topology, ProbeProtocol.Tcp, cycles: 4)).Findings.Where(finding => finding.Rule == "PRB-PATH-003").ToArray();
        Assert.Equal(
            new[] { Address(topology, "s", "b1"), Address(topology, "s", "b3") }.Order(),
            findings.Select(finding => finding.Title.Split('`')[3]).Order());
    }

    [Fact]
    public void Loss_on_all_paths_and_a_target_that_limits_its_answers_blame_no_member()
    {
        var lossy = Topologies.Diamond(4).WithLink("m", "t", link => link with { Quality = link.Quality with { Loss = 0.3 } });
        Assert.DoesNotContain(Judge(Run(lossy, ProbeProtocol.Tcp, cycles: 10)).Findings, finding => finding.Rule == "PRB-PATH-003");

        for (ulong seed = 1; seed <= 20; seed++)
        {
            var limited = Topologies.Diamond(2, seed: seed).With("t", node => node with
            {
                Errors = node.Errors with { RateLimits = [new RateLimit(PerSecond: 5, Burst: 3, PerDestination: true)] },
            });
            Assert.DoesNotContain(Judge(Run(limited, ProbeProtocol.Udp, cycles: 6)).Findings, finding => finding.Rule == "PRB-PATH-003");
        }
    }

    /// <summary>A search may ask the flows of one branch after those of the other: what the target's limit leaves out then has a link in common.</summary>
    [Theory]
    [InlineData(ProbeProtocol.Udp, false)]
    [InlineData(ProbeProtocol.Tcp, true)]
    public void Flows_that_were_asked_last_prove_nothing_where_the_target_may_limit_its_answers(ProbeProtocol protocol, bool found)
    {
        var topology = Topologies.Diamond(2).WithLink("b1", "m", link => link with { Quality = link.Quality with { Loss = 1 }, Back = link.Quality });
        var trace = Run(topology, protocol, cycles: 5);
        var through = Through(topology, "b1", protocol);

        // A cycle takes 200 ms: in each, half of it lies between the others and those of the bad branch.
        const long CycleNs = 200_000_000;
        var asked = trace with
        {
            Probes = [.. trace.Probes!.Select(probe => probe with { SentNs = probe.SentNs / CycleNs * CycleNs + (through.Contains(probe.Flow) ? CycleNs / 2 : 0) })],
        };
        Assert.Contains(Judge(trace).Findings, finding => finding.Rule == "PRB-PATH-003");
        Assert.Equal(found, Judge(asked).Findings.Any(finding => finding.Rule == "PRB-PATH-003"));
    }

    [Fact]
    public void A_route_change_is_told_with_its_time()
    {
        var topology = Topologies.UnequalDiamond([1, 2]);
        topology = topology.With("s", node => node with
        {
            Routes = [.. node.Routes.SelectMany(route => new[]
            {
                route with { NextHops = [new NextHop("b1")] }, route with { NextHops = [new NextHop("b2.1")], FromNs = 1_050_000_000 },
            })],
        });
        var judgement = Judge(Run(topology, ProbeProtocol.Udp, cycles: 10));
        var finding = Assert.Single(judgement.Findings, finding => finding.Rule == "PRB-PATH-010");
        Assert.StartsWith("The route changed 1.", finding.Title, StringComparison.Ordinal);
        Assert.Equal(Severity.Info, finding.Severity);
        Assert.DoesNotContain(judgement.Findings, finding => finding.Severity > Severity.Info);
        Assert.DoesNotContain(judgement.Findings, finding => finding.Rule == "PRB-PATH-005");
    }

    [Theory]
    [InlineData(FlowFields.FiveTuple, true)]
    [InlineData(FlowFields.FirstFourOctets, false)]
    public void Icmp_that_is_hashed_by_addresses_alone_is_named_by_comparison(FlowFields fields, bool found)
    {
        var topology = Topologies.Diamond(4, fields);
        var judgement = Judge(Run(topology, ProbeProtocol.Icmp, cycles: 2), Run(topology, ProbeProtocol.Udp, cycles: 2));
        Assert.Equal(found, judgement.Findings.Any(finding => finding.Rule == "PRB-PATH-004"));
        if (found)
        {
            Assert.StartsWith($"Hop 1 `{Address(topology, "h", "s")}` sends all ICMP to ", Assert.Single(judgement.Findings).Title, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(FlowFields.Destination, true)]
    [InlineData(FlowFields.FiveTuple, false)]
    [InlineData(FlowFields.None, false)]
    public void Balancing_per_destination_shows_in_several_traces_only(FlowFields fields, bool found)
    {
        var prefix = new IpPrefix(IpAddress.Parse("10.201.0.0"), 24);
        var topology = Topologies.Diamond(2).With("t", node => node with { Addresses = [prefix] });
        topology = topology.With("s", node => node with
        {
            Routes = [new RouteSpec { Prefix = prefix, NextHops = [new NextHop("b1"), new NextHop("b2")], Fields = fields }],
        });
        var traces = Enumerable.Range(1, 6).Select(host => SimulatedTrace.Run(
            topology, ProbeProtocol.Udp, isV6: false, cycles: 2, flows: 8, options => options with { Target = IpAddress.Parse($"10.201.0.{host}") }).Evidence).ToArray();
        Assert.All(traces, trace => Assert.True(trace.Reached));
        var findings = Judge(traces).Findings.Where(finding => finding.Rule == "PRB-PATH-014").ToArray();
        Assert.Equal(found ? 1 : 0, findings.Length);
        if (found)
        {
            Assert.Equal($"Hop 1 `{Address(topology, "h", "s")}` balances per destination: 2 next hops for 6 neighbouring targets", findings[0].Title);
            Assert.Equal(Confidence.Likely, findings[0].Confidence);

            // No trace says so of itself; another program's document may, and is read.
            var told = traces.Select(trace => trace with
            {
                Hops = [.. trace.Hops.Select(hop => hop with
                {
                    Nodes = [.. hop.Nodes.Select(node => node with { Balancing = hop.Ttl == 1 ? NodeBalancing.PerDestination : node.Balancing })],
                })],
            }).ToArray();
            Assert.DoesNotContain(traces.SelectMany(trace => trace.Hops).SelectMany(hop => hop.Nodes), node => node.Balancing is NodeBalancing.PerDestination);
            var read = EvidenceJson.TryRead(Encoding.UTF8.GetBytes(EvidenceJson.Serialize(Document(told))), out var document, out var error) ? document : throw new InvalidDataException($"{error}");
            Assert.Equal(findings[0].Title, KnownRules.All.Judge(read).Findings.Single(finding => finding.Rule == "PRB-PATH-014").Title);
        }
    }

    [Theory]
    [InlineData(30, 30, 64, 30, 1e-9)]
    [InlineData(4, 4, 8, 4, 1.0 / 70)]
    [InlineData(2, 1, 4, 1, 0.5)]
    [InlineData(3, 0, 9, 4, 1)]
    public void The_exact_test_is_the_textbooks(int part, int lostInPart, int all, int lost, double most)
    {
        var chance = ExactTest.Chance(part, lostInPart, all, lost);
        Assert.InRange(chance, most < 1e-6 ? 0 : most - 1e-9, most + 1e-9);
    }

    internal static Judgement Judge(params TraceEvidence[] traces) => KnownRules.All.Judge(Document(traces));

    private static TraceEvidence Run(Topology topology, ProbeProtocol protocol, int cycles, bool isV6 = false) =>
        SimulatedTrace.Run(topology, protocol, isV6, cycles, Flows).Evidence;

    /// <summary>The far address of the first link between two nodes, which is what the far one answers from.</summary>
    internal static string Address(Topology topology, string near, string far, bool isV6 = false) =>
        topology.Links.First(link => link.A.Node == near && link.B.Node == far).B.Addresses[isV6 ? 1 : 0].ToString();

    /// <summary>Ids of the flows that pass a node, by the network's truth.</summary>
    private static int[] Through(Topology topology, string node, ProbeProtocol protocol, bool isV6 = false)
    {
        var truth = new GroundTruth(topology);
        return [.. Enumerable.Range(1, Flows).Where(id =>
        {
            var flow = SimulatedTrace.FlowOf(id, protocol, isV6);
            return truth.Paths(GroundTruth.Template(new FlowKey
            {
                Source = topology.AddressOf(TopologyBuilder.Vantage, isV6),
                Destination = topology.AddressOf(TopologyBuilder.Target, isV6),
                Protocol = protocol == ProbeProtocol.Tcp ? IpProtocol.Tcp : IpProtocol.Udp,
                SourcePort = flow.SourcePort,
                DestinationPort = flow.DestinationPort,
                FlowLabel = flow.FlowLabel,
            }))[0].Nodes.Contains(node);
        })];
    }
}
