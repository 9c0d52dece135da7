using System.Text.Json;
using Probe.Lab.Simulation;

namespace Probe.Lab.Tests.Simulation;

public sealed class TopologyDataTests
{
    [Fact]
    public void A_network_survives_json()
    {
        for (var i = 0UL; i < 50; i++)
        {
            var topology = RandomTopologies.Make(Seed.Long + i, new RandomOptions { Noise = 0.3 });
            var json = topology.ToJson();
            var read = Topology.FromJson(json);
            Assert.Equal(json, read.ToJson());
            Assert.Equal(topology.ToString(), read.ToString());
        }
    }

    [Fact]
    public void What_a_person_leaves_out_is_as_usual()
    {
        var topology = Topology.FromJson("""
            {
              "vantage": "h",
              "nodes": [
                { "name": "h", "addresses": ["10.200.0.1"] },
                { "name": "r", "errors": { "quote": { "length": "headerAndEight" } }, "rules": [{ "match": { "protocols": "tcp" }, "v4": { "type": 3, "code": 4, "rest": 9000 } }] },
                { "name": "t", "addresses": ["10.201.0.1"] }
              ],
              "links": [
                { "a": { "node": "h", "addresses": ["10.0.0.1"] }, "b": { "node": "r", "addresses": ["10.0.0.2"] } },
                { "a": { "node": "r", "addresses": ["10.0.1.1"] }, "b": { "node": "t", "addresses": ["10.0.1.2"] }, "quality": { "delayNs": 5 } }
              ]
            }
            """);
        Assert.Equal(9000u, topology.AskOne(Probes.Tcp(ttl: 1)).Mtu);
        Assert.Equal(28, topology.AskOne(Probes.Udp(ttl: 1)).Body.Length);
        Assert.Equal(TopologyBuilder.TargetV4, topology.AskOne(Probes.Echo(ttl: 2, size: 1500)).From);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("""{"vantage":"h","nodes":[],"links":[],"colour":1}""")]
    [InlineData("""{"vantage":"h","nodes":[{"name":"h","addresses":["10.0.0.999"]}],"links":[]}""")]
    public void What_is_no_network_is_refused(string json) => Assert.Throws<JsonException>(() => Topology.FromJson(json));

    [Fact]
    public void Names_that_lead_nowhere_are_refused()
    {
        var line = Topologies.Line(1);
        Assert.Throws<ArgumentException>(() => new SimulatedNetwork(line with { Vantage = "x" }));
        Assert.Throws<ArgumentException>(() => new SimulatedNetwork(line.With("r1", node => node with { Routes = [new RouteSpec { Prefix = IpPrefix.AllV4, NextHops = [new NextHop("x")] }] })));
    }
}
