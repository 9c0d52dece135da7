using System.Globalization;
using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;
using Probe.Lab.Simulation;

namespace Probe.Core.Tests.Tracing;

/// <summary>How a node chooses the next hop, and when the route changed, beside the network's own truth.</summary>
public class NodeBalancingTests
{
    private const long ChangeNs = 1_050 * SimulatedTrace.Millisecond;
    private const int BalancerTtl = 1;

    [Fact]
    public void Flows_that_keep_to_different_next_hops_are_per_flow()
    {
        var trace = Run(Topologies.Diamond(4), flows: 16, cycles: 3);
        Assert.Equal(NodeBalancing.PerFlow, At(trace, BalancerTtl).Balancing);
        Assert.Equal(NodeBalancing.Single, At(trace, 3).Balancing);
        Assert.Null(trace.RouteChanges);
    }

    [Theory]
    [InlineData(5, NodeBalancing.Unknown)]
    [InlineData(6, NodeBalancing.Single)]
    public void One_next_hop_is_claimed_only_after_as_many_flows_as_the_stopping_rule_asks_for(int flows, NodeBalancing balancing) =>
        Assert.Equal(balancing, At(Run(Topologies.Line(3), flows, cycles: 4), 1).Balancing);

    [Fact]
    public void Flows_sent_once_do_not_tell_per_flow_from_per_packet() =>
        Assert.Equal(NodeBalancing.Unknown, At(Run(Topologies.Diamond(4), flows: 16, cycles: 1), BalancerTtl).Balancing);

    [Theory]
    [InlineData(Balancing.PerPacket, 1, 3)]
    [InlineData(Balancing.PerPacket, 4, 3)]
    [InlineData(Balancing.RoundRobin, 1, 3)]
    [InlineData(Balancing.RoundRobin, 3, 7)]
    public void A_flow_that_goes_to_and_fro_is_per_packet_and_proves_no_link(Balancing balancing, int flows, int width)
    {
        var trace = Run(Topologies.UnequalDiamond([.. Enumerable.Repeat(2, width)], balancing: balancing), flows);
        Assert.Equal(NodeBalancing.PerPacket, At(trace, BalancerTtl).Balancing);
        Assert.Null(trace.RouteChanges);
        Assert.DoesNotContain(trace.Links, link => link.Ttl is 2 or 3);
        Assert.All(trace.Hops[BalancerTtl].Nodes, node => Assert.Null(node.Sent));
        Assert.Contains(trace.Links, link => link.Ttl == 4 && link.From is not null && link.To is not null);
    }

    [Theory]
    [InlineData(1, NodeBalancing.Unknown)]
    [InlineData(8, NodeBalancing.Single)]
    public void One_switch_of_all_flows_at_one_instant_is_a_route_change(int flows, NodeBalancing balancing)
    {
        var topology = Detour();
        var trace = Run(topology, flows);
        var change = Assert.Single(trace.RouteChanges!);
        Assert.Equal(2, change.Ttl);
        Assert.InRange(ChangeNs, change.AfterNs, change.BeforeNs + SimulatedTrace.Millisecond);
        Assert.Equal((Address(topology, "a"), Address(topology, "b")), (Assert.Single(change.From), Assert.Single(change.To)));
        Assert.Equal(Enumerable.Range(1, flows), change.Flows);
        Assert.Equal(balancing, At(trace, BalancerTtl).Balancing);
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"route changed {change.BeforeNs / 1e9:0.0} s into the run"), trace.Hops[1].Notes);
    }

    [Fact]
    public void Three_cycles_show_a_change_by_all_hops_behind_it_and_two_answers_show_nothing()
    {
        var tall = Detour(length: 8);
        Assert.Single(Run(tall, flows: 1, cycles: 3, intervalNs: 600 * SimulatedTrace.Millisecond).RouteChanges!);
        var brief = Run(Detour(), flows: 1, cycles: 2, intervalNs: 1_100 * SimulatedTrace.Millisecond);
        Assert.Equal(2, brief.Hops[1].Nodes.Count);
        Assert.Equal(NodeBalancing.Unknown, At(brief, BalancerTtl).Balancing);
        Assert.Null(brief.RouteChanges);
    }

    [Fact]
    public void A_balancer_that_hashes_anew_is_a_route_change_of_the_flows_that_moved()
    {
        var topology = Topologies.Diamond(3);
        topology = topology.With("s", node => node with { Routes = node.Routes.AddRange(node.Routes.Select(route => route with { HashSeed = 77, FromNs = ChangeNs })) });
        var trace = Run(topology, flows: 12);
        var change = Assert.Single(trace.RouteChanges!);
        var truth = new GroundTruth(topology);
        var moved = Enumerable.Range(1, 12).Where(flow => Way(flow, 0) != Way(flow, ChangeNs)).ToArray();
        Assert.Equal(moved, change.Flows);
        Assert.Equal(NodeBalancing.PerFlow, At(trace, BalancerTtl).Balancing);

        string Way(int flow, long atNs) => truth.Paths(Template(topology, flow), atNs)[0].Nodes[1];
    }

    [Fact]
    public void A_coin_for_each_packet_is_seldom_taken_for_a_change_and_a_change_never_for_a_coin()
    {
        const int Runs = 200;
        var random = new Random(Seed.Value);
        var mistaken = 0;
        for (var run = 0; run < Runs; run++)
        {
            var (flows, cycles, seed) = (random.Next(1, 5), random.Next(3, 13), (ulong)random.Next());
            var coin = Run(Topologies.Diamond(2, balancing: Balancing.PerPacket, seed: seed), flows, cycles);
            mistaken += coin.RouteChanges is null ? 0 : 1;

            var changed = Run(Detour(atNs: random.Next(cycles * 200) * SimulatedTrace.Millisecond, seed: seed), flows, cycles);
            Assert.True(At(changed, BalancerTtl).Balancing is not NodeBalancing.PerPacket, $"seed {Seed.Value}, run {run}: {flows} flows, {cycles} cycles");
        }

        // The rule promises 1 in 20.
        Assert.True(mistaken <= Runs / 20, $"seed {Seed.Value}: {mistaken} of {Runs} coins taken for a change of route");
    }

    /// <summary>The way by a is replaced by the way by b.</summary>
    private static Topology Detour(int length = 2, long atNs = ChangeNs, ulong seed = 1)
    {
        var topology = Topologies.UnequalDiamond([length, length], seed: seed);
        return topology.With("s", node => node with
        {
            Routes = [.. node.Routes.SelectMany(route => new[]
            {
                route with { NextHops = [new NextHop("b1.1")] }, route with { NextHops = [new NextHop("b2.1")], FromNs = atNs },
            })],
        });
    }

    private static string Address(Topology topology, string branch) =>
        topology.Links.Single(link => link.A.Node == "s" && link.B.Node == (branch == "a" ? "b1.1" : "b2.1")).B.Addresses[0].ToString();

    private static TraceEvidence Run(Topology topology, int flows, int cycles = 10, long intervalNs = 200 * SimulatedTrace.Millisecond) =>
        SimulatedTrace.Run(topology, ProbeProtocol.Udp, isV6: false, cycles, flows, options => options with { IntervalNs = intervalNs }).Evidence;

    private static NodeEvidence At(TraceEvidence trace, int ttl) => Assert.Single(trace.Hops[ttl - 1].Nodes);

    private static byte[] Template(Topology topology, int flow) => GroundTruth.Template(new FlowKey
    {
        Source = topology.AddressOf(TopologyBuilder.Vantage, isV6: false),
        Destination = topology.AddressOf(TopologyBuilder.Target, isV6: false),
        Protocol = IpProtocol.Udp,
        SourcePort = SimulatedTrace.FlowOf(flow, ProbeProtocol.Udp, isV6: false).SourcePort,
        DestinationPort = 33_434,
    });
}
