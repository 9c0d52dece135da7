using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Lab.Kernel;
using Probe.Tests;
using Xunit.Abstractions;

namespace Probe.Cli.Tests.Kernel;

/// <summary>All paths through real Linux routers that balance by flow: every node and every link, and what it cost.</summary>
public sealed class EcmpTests(ITestOutputHelper output) : IDisposable
{
    // At this confidence one run in some 100,000 may miss a path; at the usual 95 % one in twenty would.
    private static readonly string[] s_sure = ["--confidence", "99.999", "--confidence-scope", "graph"];

    private readonly KernelLab _lab = new();

    public void Dispose() => _lab.Dispose();

    public static TheoryData<string, string, bool, int[]> Shapes => new()
    {
        { "4-way", "--udp", false, [1, 1, 1, 1] },
        { "4-way", "--tcp", false, [1, 1, 1, 1] },

        // Transmit checksum offload of veth is on, as it comes.
        { "4-way", "--udp", true, [1, 1, 1, 1] },
        { "16-way", "--udp", false, [.. Enumerable.Repeat(1, 16)] },
        { "unequal", "--udp", false, [1, 2, 3, 1] },
        { "unequal", "--tcp", true, [3, 1, 2] },
    };

    [NeedsTheory(ProbeInside.Needs)]
    [MemberData(nameof(Shapes))]
    public void Every_node_and_link_is_found(string name, string protocol, bool v6, int[] lengths)
    {
        var diamond = LinuxDiamond.Build(_lab, seed: 7, new DiamondShape(lengths));
        var trace = Search(diamond, v6, [protocol, .. s_sure]);
        AssertIsTrue(diamond, v6, trace);
        Assert.True(trace.Multipath!.Complete);
        Assert.All(trace.Hops, hop => Assert.Equal((0.0, 0.0), (hop.Loss, hop.RateLimited)));
        output.WriteLine($"{name} {protocol} v{(v6 ? 6 : 4)}: {trace.Multipath.Probes} probes");
    }

    private static TraceEvidence Search(LinuxDiamond diamond, bool v6, params string[] arguments)
    {
        var result = diamond.Lab.Run(diamond.Client, ProbeInside.Limit, ProbeInside.Program, ["trace", "-n", "--ecmp", "--json", .. arguments, LinuxDiamond.Target(v6).ToString()]);
        Assert.True(result.Status == 0, result.ToString());
        return Assert.Single(ProbeInside.Read(result).Traces!);
    }

    private static void AssertIsTrue(LinuxDiamond diamond, bool v6, TraceEvidence trace)
    {
        var (nodes, links) = diamond.Truth(v6);
        Assert.Equal(nodes.Order(), trace.Hops.SelectMany(hop => hop.Nodes.Select(node => (hop.Ttl, IpAddress.Parse(node.Address)))).Order());
        Assert.Equal(links.Order(), trace.Links.Select(link => (link.Ttl, IpAddress.Parse(link.From!), IpAddress.Parse(link.To!))).Order());
    }
}
