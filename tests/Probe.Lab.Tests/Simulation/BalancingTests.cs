using Probe.Core.Packets;
using Probe.Lab.Simulation;

namespace Probe.Lab.Tests.Simulation;

public sealed class BalancingTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(16)]
    [InlineData(64)]
    public void Flows_spread_evenly_over_a_diamond_and_each_keeps_its_branch(int width)
    {
        var network = new SimulatedNetwork(Topologies.Diamond(width));
        var counts = new Dictionary<IpAddress, int>();
        for (var flow = 0; flow < 100 * width; flow++)
        {
            var answers = Enumerable.Range(0, 2).Select(_ => Assert.Single(network.Ask(Probes.Udp(ttl: 2, from: (ushort)(1000 + flow)))).From).Distinct();
            var branch = Assert.Single(answers);
            counts[branch] = counts.GetValueOrDefault(branch) + 1;
        }

        Assert.Equal(width, counts.Count);
        Assert.All(counts.Values, count => Assert.InRange(count, 50, 150));
    }

    [Fact]
    public void Icmp_without_ports_takes_one_branch_unless_the_router_takes_its_checksum_for_ports()
    {
        var linux = new SimulatedNetwork(Topologies.Diamond(8));
        Assert.Single(Enumerable.Range(0, 50).Select(i => Assert.Single(linux.Ask(Probes.Echo(ttl: 2, sequence: (ushort)i))).From).Distinct());
        var other = new SimulatedNetwork(Topologies.Diamond(8, FlowFields.FirstFourOctets));
        Assert.Equal(8, Enumerable.Range(0, 200).Select(i => Assert.Single(other.Ask(Probes.Echo(ttl: 2, sequence: (ushort)i))).From).Distinct().Count());
    }

    [Fact]
    public void Addresses_alone_and_destinations_alone_do_not_see_ports()
    {
        foreach (var fields in new[] { FlowFields.Addresses, FlowFields.Destination, FlowFields.None })
        {
            var network = new SimulatedNetwork(Topologies.Diamond(8, fields));
            Assert.Single(Enumerable.Range(0, 50).Select(i => Assert.Single(network.Ask(Probes.Udp(ttl: 2, from: (ushort)i))).From).Distinct());
        }
    }

    [Fact]
    public void The_flow_label_chooses_where_it_is_hashed()
    {
        var network = new SimulatedNetwork(Topologies.Diamond(4, FlowFields.Addresses | FlowFields.FlowLabel));
        byte[] Labelled(uint label) => Probes.Packet(IpProtocol.IcmpV6, Probes.Echo(isV6: true)[40..], ttl: 2, isV6: true, flowLabel: label);
        Assert.Equal(4, Enumerable.Range(0, 100).Select(i => Assert.Single(network.Ask(Labelled((uint)i))).From).Distinct().Count());
        Assert.Single(Enumerable.Range(0, 20).Select(_ => Assert.Single(network.Ask(Labelled(5))).From).Distinct());
    }

    [Fact]
    public void Per_packet_balancing_gives_one_flow_several_answers_and_round_robin_takes_turns()
    {
        var random = new SimulatedNetwork(Topologies.Diamond(3, balancing: Balancing.PerPacket));
        Assert.Equal(3, Enumerable.Range(0, 60).Select(_ => Assert.Single(random.Ask(Probes.Udp(ttl: 2))).From).Distinct().Count());
        var turns = new SimulatedNetwork(Topologies.Diamond(3, balancing: Balancing.RoundRobin));
        var seen = Enumerable.Range(0, 6).Select(_ => Assert.Single(turns.Ask(Probes.Udp(ttl: 2))).From).ToArray();
        Assert.Equal(3, seen[..3].Distinct().Count());
        Assert.Equal(seen[..3], seen[3..]);
    }

    [Fact]
    public void Weights_are_kept()
    {
        var topology = Topologies.Diamond(2).With("s", node => node with
        {
            Routes = [.. node.Routes.Select(route => route with { NextHops = [new NextHop("b1", 9), new NextHop("b2", 1)] })],
        });
        var network = new SimulatedNetwork(topology);
        var heavy = Enumerable.Range(0, 2000).Count(i => Assert.Single(network.Ask(Probes.Udp(ttl: 2, from: (ushort)i))).From == ForwardingTests.InboundAddress(topology, "b1"));
        Assert.InRange(heavy, 1740, 1860);
    }

    [Fact]
    public void Nested_balancers_decide_independently()
    {
        var network = new SimulatedNetwork(Topologies.Nested(3, 4));
        Assert.Equal(12, Enumerable.Range(0, 600).Select(i => Assert.Single(network.Ask(Probes.Udp(ttl: 3, from: (ushort)i))).From).Distinct().Count());
    }

    [Fact]
    public void Branches_of_unequal_length_put_different_routers_at_one_distance()
    {
        var topology = Topologies.UnequalDiamond([2, 3]);
        var network = new SimulatedNetwork(topology);
        var fourth = Enumerable.Range(0, 100).Select(i => Assert.Single(network.Ask(Probes.Udp(ttl: 4, from: (ushort)i))).From).ToHashSet();
        Assert.Equal([ForwardingTests.InboundAddress(topology, "m"), ForwardingTests.InboundAddress(topology, "b2.3")], fourth.Order());
    }
}
