using Probe.Core.Vocabulary;

namespace Probe.Cli.Tests.Kernel;

/// <summary>A clean path of nine Linux hops: everything is found, with few packets.</summary>
public sealed class NineHopTests(NineHops shared) : IClassFixture<NineHops>
{
    [NeedsTheory(ProbeInside.Needs)]
    [MemberData(nameof(ProbeInside.Cases), MemberType = typeof(ProbeInside))]
    public void One_probe_a_hop_finds_the_path_with_at_most_12_packets(ProbeProtocol protocol, bool v6)
    {
        var line = shared.Line;
        using var counter = line.CountProbes(v6);
        var (bundle, trace, result) = line.Trace(protocol, v6, "-c", "1");

        Assert.Equal(0, result.Status);
        Assert.Equal(line.Addresses(v6), trace.Addresses());
        Assert.Equal((true, 9), (trace.Reached, trace.ReachedTtl));
        Assert.All(trace.Hops, hop => Assert.Equal((1, 1, 0.0, 0.0), (hop.Sent, hop.Received, hop.Loss, hop.RateLimited)));
        Assert.All(trace.Hops, hop => Assert.Equal(NodeStamps.Kernel, Assert.Single(hop.Nodes).Stamps));
        Assert.InRange(counter.Packets, 9, 12);
        Assert.Equal(counter.Packets, trace.Probes!.Count);
        Assert.Null(bundle.Gaps);
    }

    [NeedsFact(ProbeInside.Needs)]
    public void The_table_shows_every_hop_once()
    {
        var result = shared.Line.Probe("trace", "-n", "--tcp", "-c", "2", "-i", "100ms", shared.Line.Target(v6: false).ToString());
        Assert.Equal((0, ""), (result.Status, result.Error));
        var rows = result.Output.Split('\n').Where(line => line.Contains("10.9.", StringComparison.Ordinal) && line.StartsWith(' ')).ToList();
        Assert.Equal(9, rows.Count);
        Assert.All(shared.Line.Addresses(v6: false).Zip(rows), pair => Assert.Contains($" {pair.First} ", pair.Second, StringComparison.Ordinal));
        Assert.Contains("closed (RST)", rows[^1], StringComparison.Ordinal);
        Assert.Contains("Reached in 9 hops.", result.Output, StringComparison.Ordinal);
    }

    [NeedsFact(ProbeInside.Needs)]
    public void Several_flows_each_find_the_whole_path()
    {
        var (_, trace, _) = shared.Line.Trace(ProbeProtocol.Udp, v6: true, "--flows", "4", "-c", "2", "-i", "100ms");
        Assert.Equal(shared.Line.Addresses(v6: true), trace.Addresses());
        Assert.Equal(4, trace.Flows.Count);
        Assert.All(trace.Hops, hop => Assert.Equal((8, 8), (hop.Sent, hop.Received)));
        Assert.Equal(4, trace.Flows.Select(flow => flow.SourcePort).Distinct().Count());
    }
}
