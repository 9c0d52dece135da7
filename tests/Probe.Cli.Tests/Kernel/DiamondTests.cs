using Probe.Core.Packets;
using Probe.Lab.Networks;

namespace Probe.Cli.Tests.Kernel;

/// <summary>Real Linux multipath: a flow keeps to one branch, many flows find many.</summary>
public sealed class DiamondTests : IDisposable
{
    private readonly KernelLab _lab = new();

    public void Dispose() => _lab.Dispose();

    [NeedsTheory(ProbeInside.Needs)]
    [InlineData("--udp", false)]
    [InlineData("--tcp", false)]
    [InlineData("--udp", true)]
    public void Each_flow_keeps_to_one_branch(string protocol, bool v6)
    {
        // The third branch is one router longer.
        var diamond = LinuxDiamond.Build(_lab, seed: 7, 1, 1, 2, 1);
        var trace = Trace(diamond, v6, protocol, "--flows", "64", "-c", "2", "-i", "300ms");
        Assert.True(trace.Reached);
        Assert.Equal(LinuxDiamond.Split(v6).ToString(), Assert.Single(trace.Hops[0].Nodes).Address);

        var flowsOfBranch = Enumerable.Range(1, 4).ToDictionary(branch => branch, branch =>
        {
            var first = diamond.Routers(branch, v6)[0].ToString();
            return trace.Probes!.Where(probe => probe.Ttl == 2 && probe.From == first).Select(probe => probe.Flow).Distinct().ToHashSet();
        });
        Assert.All(flowsOfBranch, branch => Assert.True(branch.Value.Count > 0, $"64 flows never took branch {branch.Key}"));
        Assert.Equal(64, flowsOfBranch.Sum(branch => branch.Value.Count));
        Assert.Equal(64, flowsOfBranch.SelectMany(branch => branch.Value).Distinct().Count());

        // Longer paths are those of the flows on the longer branch.
        var late = trace.Probes!.Where(probe => probe.Ttl == 4 && probe.From == LinuxDiamond.Target(v6).ToString()).Select(probe => probe.Flow).ToHashSet();
        Assert.Superset(flowsOfBranch.Where(branch => branch.Key != 3).SelectMany(branch => branch.Value).ToHashSet(), late);
        Assert.False(late.Overlaps(flowsOfBranch[3]));
    }

    [NeedsFact(ProbeInside.Needs)]
    public void Echo_requests_have_no_ports_and_show_one_branch()
    {
        var diamond = LinuxDiamond.Build(_lab, seed: 7, 1, 1, 1, 1);
        var trace = Trace(diamond, v6: false, "--icmp", "--flows", "16", "-c", "1");
        Assert.Single(trace.Hops[1].Nodes);
        Assert.Equal(16, trace.Hops[1].Received);
    }

    [NeedsFact(ProbeInside.Needs)]
    public void A_diamond_of_sixteen_is_found_by_enough_flows()
    {
        var diamond = LinuxDiamond.Build(_lab, seed: 7, [.. Enumerable.Repeat(1, 16)]);
        var trace = Trace(diamond, v6: false, "--udp", "--flows", "256", "-c", "1", "--rate", "max");
        var truth = Enumerable.Range(1, 16).Select(branch => diamond.Routers(branch, v6: false)[0]).Order().ToList();
        Assert.Equal(truth, trace.Hops[1].Nodes.Select(node => IpAddress.Parse(node.Address)).Order());
    }

    private static Core.Evidence.TraceEvidence Trace(LinuxDiamond diamond, bool v6, params string[] arguments)
    {
        var result = diamond.Lab.Run(diamond.Client, ProbeInside.Limit, ProbeInside.Program, ["trace", "-n", "--json", .. arguments, LinuxDiamond.Target(v6).ToString()]);
        Assert.Equal(0, result.Status);
        return Assert.Single(ProbeInside.Read(result).Traces!);
    }
}
