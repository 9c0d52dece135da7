using Probe.Core.Packets;
using Probe.Lab.Simulation;

namespace Probe.Lab.Tests.Simulation;

/// <summary>The truth of networks with tunnels against what passes in them.</summary>
public sealed class TunnelTruthTests
{
    [Fact]
    public void In_400_tunnelled_networks_exactly_what_the_truth_allows_arrives()
    {
        for (var i = 0UL; i < 400; i++)
        {
            var seed = Seed.Long * 3000 + i;
            var chance = new Random((int)seed);
            var isV6 = chance.Next(2) == 1;
            var plan = Draw(chance) with { Seed = seed + 1 };
            var topology = plan.FromClient();
            var port = (ushort)chance.Next(1024, 65000);
            var truth = new GroundTruth(topology);
            var mtu = truth.PathMtu(Probes.Tcp(isV6: isV6, from: port));
            var path = Assert.Single(truth.Paths(Probes.Tcp(isV6: isV6, from: port)));
            var message = $"seed {seed}: {mtu}\n{topology}";
            Assert.True(path.Reaches && path.MtuTo[^1] == mtu && path.MtuTo.SequenceEqual(path.MtuTo.OrderDescending()), message);
            Assert.True(IsServed(topology, isV6, port, mtu), message);
            Assert.False(IsServed(topology, isV6, port, mtu + 1), message);
        }
    }

    [Fact]
    public void From_the_director_the_truth_is_of_the_outer_packet()
    {
        for (var i = 0UL; i < 200; i++)
        {
            var seed = Seed.Long * 4000 + i;
            var chance = new Random((int)seed);
            var plan = Draw(chance) with { Seed = seed + 1 };
            var topology = plan.FromDirector();
            var number = chance.Next(plan.Servers) + 1;
            var port = (ushort)chance.Next(1024, 65000);
            var mtu = new GroundTruth(topology).PathMtu(Tunnels.Wrap(plan.Via(number), Probes.Tcp(from: port)));
            foreach (var (size, isServed) in new[] { (mtu - plan.Overhead, true), (mtu - plan.Overhead + 1, false) })
            {
                var answers = topology.Ask(Tunnels.Wrap(plan.Via(number), Probes.Tcp(from: port, data: size - 40)));
                Assert.True(isServed == answers.Exists(answer => answer.Flags == (TcpFlags.Syn | TcpFlags.Ack)), $"seed {seed}: {mtu}\n{topology}");
            }
        }
    }

    [Fact]
    public void Each_node_has_the_largest_size_that_gets_there()
    {
        var plan = Tunnels.Plan("gue", entry: 1450, outer: 1400);
        var path = Assert.Single(new GroundTruth(plan.FromClient()).Paths(Probes.Tcp()));
        Assert.Equal(["r1", "d", "r2", "s1"], path.Nodes.AsEnumerable());
        Assert.Equal([1500, 1500, 1418, 1368], path.MtuTo.AsEnumerable());
        Assert.Equal((1368, true), (path.Mtu, path.Reaches));
    }

    [Fact]
    public void A_stray_ack_to_ipvs_measures_the_director()
    {
        var truth = new GroundTruth(Tunnels.Plan("gue").FromClient());
        var path = Assert.Single(truth.Paths(Probes.Tcp(flags: TcpFlags.Ack)));
        Assert.Equal((1500, "d"), (path.Mtu, path.Nodes[^1]));
        Assert.Equal("d", Assert.Single(truth.Paths(Probes.Echo())).Nodes[^1]);
    }

    [Fact]
    public void A_tunnel_whose_end_cannot_read_it_does_not_reach()
    {
        var plan = Tunnels.Plan("grekey");
        var topology = plan.FromClient().With("s1", node => node with { TunnelEnd = node.TunnelEnd! with { Accepts = [new GreEncapsulation { Remote = TunnelPlan.ServerAddress(1) }] } });
        Assert.False(Assert.Single(new GroundTruth(topology).Paths(Probes.Tcp())).Reaches);
        Assert.Empty(topology.Ask(Probes.Tcp()));
        topology = plan.FromClient().With("s1", node => node with { TunnelEnd = null });
        Assert.False(Assert.Single(new GroundTruth(topology).Paths(Probes.Tcp())).Reaches);
    }

    [Fact]
    public void A_member_with_a_smaller_mtu_shows_in_some_flows_only()
    {
        foreach (var topology in new[]
        {
            Topologies.SmallMember(4, 1400),
            (Tunnels.Plan("gue") with { MemberCount = 4, MemberMtu = 1432 }).FromClient(),
        })
        {
            var sizes = Enumerable.Range(0, 60).Select(i => new GroundTruth(topology).PathMtu(Probes.Tcp(from: (ushort)(2000 + i)))).GroupBy(mtu => mtu).ToDictionary(group => group.Key, group => group.Count());
            Assert.Equal(2, sizes.Count);
            Assert.InRange(sizes[1400], 5, 30);
        }
    }

    [Fact]
    public void Networks_with_tunnels_survive_json_and_have_a_text()
    {
        var chance = new Random(7);
        for (var i = 0; i < 40; i++)
        {
            var topology = (Draw(chance) with { Balancing = i % 2 == 0 ? DirectorSpec.Stateless : new DirectorSpec { ToldMtu = 9000 } }).FromClient();
            var json = topology.ToJson();
            var read = Topology.FromJson(json);
            Assert.Equal(json, read.ToJson());
            Assert.Equal(topology.ToString(), read.ToString());
            Assert.Equal(topology.Ask(Probes.Tcp(data: 1460)).Select(answer => answer.Reply), read.Ask(Probes.Tcp(data: 1460)).Select(answer => answer.Reply));
        }

        Assert.Contains("director:[Ipvs", Tunnels.Plan("gue").FromClient().ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_person_may_leave_out_of_a_director_what_is_as_ipvs_has_it()
    {
        var topology = Tunnels.Plan("ipip").FromClient();
        var json = topology.ToJson();
        foreach (var line in new[] { "\"saysTooBig\": true,", "\"learnsOuterMtu\": true", "\"lastPort\": 65535,", "\"relay\": \"right\"," })
        {
            Assert.Contains(line, json, StringComparison.OrdinalIgnoreCase);
            json = json.Replace(line, "", StringComparison.OrdinalIgnoreCase);
        }

        json = System.Text.RegularExpressions.Regex.Replace(json, @",(?<end>\s*})", "${end}", default, TimeSpan.FromSeconds(1));
        Assert.Equal(topology.ToJson(), Topology.FromJson(json).ToJson());
    }

    private static bool IsServed(Topology topology, bool isV6, ushort port, int size) =>
        topology.IsServed(Probes.Tcp(isV6: isV6, from: port, data: size - (isV6 ? 60 : 40)));

    // Every size leaves room for an IPv6 packet of 1280 octets in the deepest tunnel.
    private static TunnelPlan Draw(Random chance) => Tunnels.Plan(Tunnels.Names[chance.Next(Tunnels.Names.Length)], entry: chance.Next(1360, 1501), outer: chance.Next(1360, 1501)) with
    {
        Servers = chance.Next(1, 4),
        MemberCount = chance.Next(3) * 2,
        MemberMtu = chance.Next(1360, 1501),
        Balancing = chance.Next(2) == 0 ? new DirectorSpec() : DirectorSpec.Stateless,
    };
}
