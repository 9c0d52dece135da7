using Probe.Core.Probing;
using Probe.Core.Vocabulary;
using Probe.Lab.Simulation;

namespace Probe.Lab.Tests.Simulation;

public sealed class GroundTruthTests
{
    private const long Ms = 1_000_000;
    private const int MaxTtl = 20;

    [Fact]
    public void In_500_networks_without_chance_every_answer_is_foretold_and_every_foretold_answer_comes()
    {
        for (var i = 0UL; i < 500; i++)
        {
            var seed = Seed.Long * 1000 + i;
            Compare(seed, RandomTopologies.Make(seed, RandomOptions.Certain), mustBeCertain: true);
        }
    }

    [Fact]
    public void In_500_networks_with_chance_nothing_comes_that_was_not_foretold()
    {
        for (var i = 0UL; i < 500; i++)
        {
            var seed = Seed.Long * 2000 + i;
            Compare(seed, RandomTopologies.Make(seed), mustBeCertain: false);
        }
    }

    [Fact]
    public void A_diamond_has_its_width_its_links_and_a_path_a_flow()
    {
        var truth = new GroundTruth(Topologies.Diamond(4));
        var graph = truth.Graph(Probes.Udp(), FlowFields.Ports);
        Assert.Equal([1, 4, 1, 1], Enumerable.Range(1, 4).Select(graph.WidthAt));
        Assert.Equal(9, graph.Links.Length);
        Assert.Equal(4, graph.Width);
        Assert.Equal(1, truth.Graph(Probes.Echo(), FlowFields.IcmpChecksum).Width);
        var path = Assert.Single(truth.Paths(Probes.Udp()));
        Assert.True(path.Reaches);
        Assert.Equal(4, path.Nodes.Length);
        Assert.Equal(4, truth.Paths(Probes.Udp(), FlowFields.Ports).Length);
        Assert.All(graph.Nodes, node => Assert.False(node.Address.IsNone));
    }

    [Fact]
    public void An_unequal_diamond_a_nested_and_a_meshed_one_are_counted_right()
    {
        var unequal = new GroundTruth(Topologies.UnequalDiamond([2, 3])).Graph(Probes.Udp(), FlowFields.Ports);
        Assert.Equal(["1 s", "2 b1.1", "2 b2.1", "3 b1.2", "3 b2.2", "4 b2.3", "4 m", "5 m", "5 t", "6 t"], unequal.Nodes.Select(node => $"{node.Ttl} {node.Name}"));
        Assert.Equal(12, new GroundTruth(Topologies.Nested(3, 4)).Graph(Probes.Udp(), FlowFields.Ports).WidthAt(3));
        var meshed = new GroundTruth(Topologies.Meshed(3, 2)).Graph(Probes.Udp(), FlowFields.Ports);
        Assert.Equal([1, 3, 3, 1, 1], Enumerable.Range(1, 5).Select(meshed.WidthAt));
        Assert.Equal(3 + 9 + 3 + 1, meshed.Links.Length);
    }

    [Fact]
    public void Per_packet_balancing_leaves_a_flow_several_paths()
    {
        var truth = new GroundTruth(Topologies.Diamond(3, balancing: Balancing.PerPacket));
        Assert.Equal(3, truth.Paths(Probes.Udp()).Length);
        Assert.Equal(3, truth.At(Probes.Udp(), 2).Replies.Length);
    }

    [Fact]
    public void The_path_mtu_is_that_of_the_smallest_link_on_the_flows_own_path()
    {
        var topology = Topologies.Diamond(2).WithLink("s", "b2", link => link with { Quality = new LinkQuality { Mtu = 1400 } });
        var truth = new GroundTruth(topology);
        var mtus = Enumerable.Range(0, 40).Select(i => (Mtu: truth.PathMtu(Probes.Udp(from: (ushort)i)), Node: truth.Paths(Probes.Udp(from: (ushort)i))[0].Nodes[1])).ToHashSet();
        Assert.Equal([(1400, "b2"), (1500, "b1")], mtus.Order());
    }

    [Fact]
    public void A_probes_flow_is_as_good_as_its_octets()
    {
        var truth = new GroundTruth(Topologies.Diamond(8));
        for (ushort port = 1; port < 50; port++)
        {
            var flow = FlowKey.Of(TopologyBuilder.VantageV4, TopologyBuilder.TargetV4, ProbeProtocol.Udp, new Flow(1, port, 33434));
            Assert.Equal(truth.At(Probes.Udp(from: port), 2).Replies.ToArray(), truth.At(GroundTruth.Template(flow), 2).Replies.ToArray());
        }
    }

    [Fact]
    public void Each_simpler_network_still_runs()
    {
        var topology = RandomTopologies.Make(Seed.Long, new RandomOptions { Noise = 1 });
        var simpler = RandomTopologies.Simpler(topology).ToArray();
        Assert.NotEmpty(simpler);
        Assert.All(simpler, one => new SimulatedNetwork(one).Ask(Probes.Udp(ttl: 3), Ms));
    }

    private static void Compare(ulong seed, Topology topology, bool mustBeCertain)
    {
        var truth = new GroundTruth(topology);
        var network = new SimulatedNetwork(topology, new NetworkOptions { Journal = JournalDetail.Off });
        foreach (var isV6 in new[] { false, true })
        {
            foreach (var protocol in new[] { Protocols.Icmp, Protocols.Udp, Protocols.Tcp })
            {
                for (var ttl = 1; ttl <= MaxTtl; ttl++)
                {
                    var probe = Probes.Of(protocol, ttl, isV6);
                    var expected = truth.At(probe, ttl);
                    var got = network.Ask(probe).Select(answer => answer.Reply).Distinct().ToHashSet();
                    var isRight = got.IsSubsetOf(expected.Replies) && (!expected.IsCertain || expected.Replies.Length == 0 || got.Count > 0);
                    isRight &= !mustBeCertain || (expected.IsCertain && got.SetEquals(expected.Replies));
                    Assert.True(isRight, $"seed {seed} {protocol} v{(isV6 ? 6 : 4)} expected {expected}\ngot {string.Join(" and ", got)}\n{topology}");
                }
            }
        }
    }
}
