using Probe.Core.Packets;
using Probe.Core.Vocabulary;
using Probe.Lab.Simulation;
using Xunit.Abstractions;

namespace Probe.Core.Tests.Tracing;

public class MultipathTests(ITestOutputHelper output)
{
    public static TheoryData<string, int> Shapes => new()
    {
        { "line", 0 }, { "diamond", 2 }, { "diamond", 4 }, { "diamond", 16 }, { "diamond", 64 },
        { "unequal", 0 }, { "nested", 4 }, { "meshed", 3 },
    };

    [Theory]
    [InlineData("s", false, false)]
    [InlineData("s", true, false)]
    [InlineData(TopologyBuilder.Target, false, true)]
    public void Every_branch_behind_a_tunnel_is_found_and_of_the_tunnel_s_own_path_by_its_outer_ports(string end, bool isV6, bool sweepsOuter)
    {
        // The end at the first hop: behind it the probe's own ports choose the branch. The end at the target: those of the tunnel's header do.
        var topology = Topologies.Diamond(8);
        var layer = new GueEncapsulation { Remote = topology.AddressOf(end, isV6: false), Port = GueEncapsulation.DefaultPort };
        topology = topology.With(end, node => node with { TunnelEnd = new TunnelEndSpec { Accepts = [layer] } });
        var via = new EncapsulationStack([layer with { Source = topology.AddressOf(TopologyBuilder.Vantage, isV6: false) }]);
        var run = SimulatedMultipath.Run(topology, isV6: isV6, confidence: 99.99, via: via, sweepsOuter: sweepsOuter);

        Assert.Equal(run.TrueNodes.Order(), run.FoundNodes.Order());
        Assert.Equal(run.TrueLinks.Order(), run.FoundLinks.Order());
        Assert.Equal(sweepsOuter ? FlowKind.OuterPort : FlowKind.Ports, run.Evidence.Flows[0].Kind);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Nodes_and_links_are_the_networks_at_99_percent_of_the_graph(string shape, int width)
    {
        foreach (var (protocol, isV6) in new[] { (ProbeProtocol.Udp, false), (ProbeProtocol.Tcp, false), (ProbeProtocol.Udp, true) })
        {
            var found = SimulatedMultipath.Run(Make(shape, width), protocol, isV6, confidence: 99.99, scope: ConfidenceScope.Graph);
            output.WriteLine($"{shape} {width} {protocol} v{(isV6 ? 6 : 4)}: {found.Evidence.Multipath!.Probes} probes, {found.TookNs / 1e6:F0} ms of virtual time");
            Assert.True(found.Evidence.Multipath.Complete);
            Assert.Equal(found.TrueNodes.Order(), found.FoundNodes.Order());
            Assert.Equal(found.TrueLinks.Order(), found.FoundLinks.Order());
        }
    }

    [Fact]
    public void A_balancer_that_decides_per_packet_is_named_and_no_link_behind_it_is_claimed()
    {
        var found = SimulatedMultipath.Run(Topologies.Diamond(3, balancing: Balancing.PerPacket), confidence: 99.9);
        Assert.Equal(found.TrueNodes.Order(), found.FoundNodes.Order());
        Assert.Equal(NodeBalancing.PerPacket, Assert.Single(found.Evidence.Hops[0].Nodes).Balancing);
        Assert.DoesNotContain(found.FoundLinks, link => link.Ttl == 2);
        Assert.Subset(found.TrueLinks, found.FoundLinks);
        Assert.All(found.Evidence.Hops[1].Nodes, node => Assert.Null(node.Sent));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(16)]
    public void A_balancer_that_keeps_flows_together_is_named(int width)
    {
        foreach (var algorithm in Enum.GetValues<MultipathAlgorithm>())
        {
            for (var key = 1ul; key <= 10; key++)
            {
                var found = SimulatedMultipath.Run(Topologies.Diamond(width), algorithm: algorithm, key: key);
                Assert.Equal(NodeBalancing.PerFlow, Assert.Single(found.Evidence.Hops[0].Nodes).Balancing);
            }
        }
    }

    private static Topology Make(string shape, int width) => shape switch
    {
        "line" => Topologies.Line(6),
        "diamond" => Topologies.Diamond(width),
        "unequal" => Topologies.UnequalDiamond([1, 2, 3]),
        "nested" => Topologies.Nested(3, width),
        _ => Topologies.Meshed(width, 2),
    };
}
