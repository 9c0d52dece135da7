using Probe.Core.Evidence;
using Probe.Lab.Networks;
using Probe.Lab.Simulation;
using Probe.Core.Vocabulary;

namespace Probe.Cli.Tests.Kernel;

/// <summary>What Linux routers cannot do, over real sockets: the simulated network behind a TUN device.</summary>
public sealed class SimulatedPathsTests : IDisposable
{
    private readonly KernelLab _lab = new();

    public void Dispose() => _lab.Dispose();

    [NeedsTheory(ProbeInside.Needs | Need.Tun)]
    [InlineData("--udp", false)]
    [InlineData("--tcp", true)]
    public void A_router_that_balances_packet_by_packet_is_named_and_no_link_behind_it_is_claimed(string protocol, bool v6)
    {
        var trace = Search(Topologies.Diamond(3, balancing: Balancing.PerPacket), v6, protocol, "--confidence", "99.9");
        Assert.Equal(3, trace.Hops[1].Nodes.Count);
        Assert.Equal(NodeBalancing.PerPacket, Assert.Single(trace.Hops[0].Nodes).Balancing);
        Assert.DoesNotContain(trace.Links, link => link is { Ttl: 2, From: not null, To: not null });
        Assert.All(trace.Hops[1].Nodes, node => Assert.Null(node.Sent));
    }

    [NeedsFact(ProbeInside.Needs | Need.Tun)]
    public void Sixty_four_branches_are_found()
    {
        // At 99.9 % one search in a thousand misses a branch, as the bound allows, and a suite that runs daily meets it.
        var trace = Search(Topologies.Diamond(64), v6: false, "--udp", "--confidence", "99.999");
        Assert.True(trace.Multipath!.Complete);
        Assert.Equal(64, trace.Hops[1].Nodes.Count);
        Assert.Equal(64, trace.Links.Count(link => link.Ttl == 1));
    }

    private TraceEvidence Search(Topology topology, bool v6, params string[] arguments)
    {
        var name = _lab.AddNamespaces(1)[0];
        using var network = RealTimeNetwork.BehindTun(topology, name);
        var target = v6 ? TopologyBuilder.TargetV6 : TopologyBuilder.TargetV4;
        var result = _lab.Run(name, ProbeInside.Limit, ProbeInside.Program, ["trace", "-n", "--ecmp", "--json", "--rate", "max", .. arguments, target.ToString()]);
        Assert.True(result.Status == 0, result.ToString());
        return Assert.Single(ProbeInside.Read(result).Traces!);
    }
}
