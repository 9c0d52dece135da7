using Probe.Core.Evidence;
using Probe.Core.Tracing;
using Probe.Core.Vocabulary;
using Probe.Lab.Simulation;
using Xunit.Abstractions;

namespace Probe.Core.Tests.Tracing;

/// <summary>
/// What a search costs, in probes and in time. The published figures follow from the stopping points n(k), the flows after which k next hops
/// are believed to be all (95 %: 6, 11, 16, 21, … for k = 1, 2, 3, 4, …):
/// MDA (Augustin et al., 2007; Veitch et al., INFOCOM 2009) spends n(next hops) on every node, those flows first being brought to it (node
/// control, the δ of the IMC paper); MDA-Lite (Vermeulen et al., IMC 2018, section 2.3) spends n(width) on every hop, no fewer than one flow
/// for every node before it, and at both of two hops that face each other with several nodes each, two for each node of the wider. Both send one flow
/// n(1) times again where several next hops appear, to tell balancing per packet.
/// </summary>
[Collection(Lanes.Simulated)]
public class MultipathCostTests(ITestOutputHelper output)
{
    private const int Runs = 25;
    private const double Allowed = 1.1;

    private static readonly StoppingRule Rule = new(0.05);

    public static TheoryData<int[]> Hops => new() { new[] { 1, 2, 1, 1 }, new[] { 1, 4, 1, 1 }, new[] { 1, 16, 1, 1 }, new[] { 1, 3, 12, 3, 1, 1 } };

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(16)]
    public void The_full_algorithm_takes_hardly_more_probes_than_published(int width)
    {
        var published = (3 * Rule.FlowsFor(1)) + FlowsThroughBalancer(width) + (width * Rule.FlowsFor(1));
        var mean = Means(seed => Topologies.Diamond(width, seed: seed), MultipathAlgorithm.Mda);
        output.WriteLine($"{width} wide, MDA: {mean:F1} probes, published {published:F1}, seed {Seed.Value}");
        Assert.True(mean <= Allowed * published, $"{mean:F1} probes, published {published:F1}, seed {Seed.Value}");
    }

    [Theory]
    [MemberData(nameof(Hops))]
    public void Mda_lite_takes_hardly_more_probes_than_published(int[] widths)
    {
        var published = 0;
        for (var i = 0; i < widths.Length; i++)
        {
            var (before, width, after) = (i == 0 ? 1 : widths[i - 1], widths[i], i + 1 < widths.Length ? widths[i + 1] : 1);
            var forward = before > 1 && width > 1 && before >= width ? 2 * before : before;
            var backward = width > 1 && after > width ? 2 * after : 0;
            published += Math.Max(Rule.FlowsFor(width), Math.Max(forward, backward)) + (width > before ? Rule.FlowsFor(1) : 0);
        }

        var mean = Means(seed => widths.Length > 4 ? Topologies.Nested(3, 4, seed: seed) : Topologies.Diamond(widths[1], seed: seed), MultipathAlgorithm.MdaLite);
        output.WriteLine($"{string.Join('-', widths)}, MDA-Lite: {mean:F1} probes, published {published}, seed {Seed.Value}");
        Assert.True(mean <= Allowed * published, $"{mean:F1} probes, published {published}, seed {Seed.Value}");
    }

    [Fact]
    public void Where_the_published_algorithm_infers_a_link_one_probe_proves_it()
    {
        // A lone node before a hop is taken for the origin of every link; here each of the 64 has a flow that met both ends, save six.
        const int Width = 64;
        var published = Rule.FlowsFor(Width) + Width + (3 * Rule.FlowsFor(1));
        var mean = Means(seed => Topologies.Diamond(Width, seed: seed), MultipathAlgorithm.MdaLite);
        output.WriteLine($"{Width} wide, MDA-Lite: {mean:F1} probes, published {published}, and {Width - Rule.FlowsFor(1)} witnesses, seed {Seed.Value}");
        Assert.True(mean <= (Allowed * published) + Width - Rule.FlowsFor(1), $"{mean:F1} probes, published {published}, seed {Seed.Value}");
    }

    [Fact]
    public void Eight_nodes_and_ten_links_are_found_with_eighty_packets()
    {
        var probes = Enumerable.Range(0, 11).Select(run => SimulatedMultipath.Run(TenLinks((ulong)(Seed.Value + run)), key: (ulong)run + 1))
            .Select(found => found.Evidence.Multipath!.Probes).Order().ToList();
        output.WriteLine(string.Join(' ', probes));
        Assert.True(probes[5] <= 80, $"{probes[5]} probes in the middle, seed {Seed.Value}");
    }

    [Theory]
    [InlineData(4, MultipathAlgorithm.MdaLite, 60)]
    [InlineData(4, MultipathAlgorithm.Mda, 60)]
    [InlineData(16, MultipathAlgorithm.MdaLite, 150)]
    [InlineData(16, MultipathAlgorithm.Mda, 150)]
    public void Routers_with_linuxs_limits_cost_time_but_no_node_no_link_and_no_loss(int width, MultipathAlgorithm algorithm, int mostSeconds)
    {
        var found = SimulatedMultipath.Run(Limited(Topologies.Diamond(width, seed: 2)), key: 2, algorithm: algorithm);
        output.WriteLine($"{width} wide, {algorithm}: {found.TookNs / 1e9:F1} s, {found.Evidence.Multipath!.Probes} probes");
        Assert.True(found.Evidence.Multipath.Complete);
        Assert.Equal(found.TrueLinks.Order(), found.FoundLinks.Order());
        Assert.True(found.TookNs <= mostSeconds * 1_000_000_000L, $"{found.TookNs / 1e9:F1} s");
        Assert.All(found.Evidence.Hops, hop =>
        {
            Assert.True(hop.Loss is null or 0, $"loss {hop.Loss} invented at TTL {hop.Ttl}");
            Assert.True(
                hop.Received == hop.Sent || hop.RateLimited > 0 || hop.Notes.Contains(HopEvidence.RateLimitPossible, StringComparer.Ordinal),
                $"TTL {hop.Ttl} hides its limit");
        });
    }

    /// <summary>Flows sent to a balancer's next hops until each of them has the n(1) its own next hop needs, and no fewer than its own rule asks.</summary>
    private static double FlowsThroughBalancer(int width)
    {
        const int Draws = 20_000;
        var random = new Random(Seed.Value);
        var total = 0L;
        for (var draw = 0; draw < Draws; draw++)
        {
            var seen = new int[width];
            for (var (flows, served) = (0, 0); served < width || flows < Rule.FlowsFor(width); flows++)
            {
                served += ++seen[random.Next(width)] == Rule.FlowsFor(1) ? 1 : 0;
                total++;
            }
        }

        return (double)total / Draws;
    }

    private static double Means(Func<ulong, Topology> make, MultipathAlgorithm algorithm) =>
        Enumerable.Range(0, Runs).Average(run => SimulatedMultipath.Run(make((ulong)(Seed.Value + run)), key: (ulong)run + 1, algorithm: algorithm).Evidence.Multipath!.Probes);

    /// <summary>h – r1 – fork – four routers – merge – t: eight nodes, ten links.</summary>
    private static Topology TenLinks(ulong seed)
    {
        var builder = new TopologyBuilder { Seed = seed }
            .Host(TopologyBuilder.Vantage, TopologyBuilder.VantageV4, TopologyBuilder.VantageV6)
            .Host(TopologyBuilder.Target, TopologyBuilder.TargetV4, TopologyBuilder.TargetV6)
            .Link(TopologyBuilder.Vantage, "r1").Link("r1", "fork").ToTarget("r1", "fork");
        string[] branches = ["b1", "b2", "b3", "b4"];
        foreach (var branch in branches)
        {
            builder.Link("fork", branch).Link(branch, "merge").ToTarget(branch, "merge");
        }

        return builder.ToTarget("fork", route => route, branches).Link("merge", TopologyBuilder.Target).ToTarget("merge", TopologyBuilder.Target).Build();
    }

    /// <summary>Linux's stock limit: six answers at once to one destination, then one a second.</summary>
    private static Topology Limited(Topology topology) => topology with
    {
        Nodes = [.. topology.Nodes.Select(node => string.Equals(node.Name, TopologyBuilder.Vantage, StringComparison.Ordinal)
            ? node
            : node with { Errors = node.Errors with { RateLimits = [new RateLimit(1, 6, PerDestination: true)] } })],
    };
}
