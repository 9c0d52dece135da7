using Probe.Core.Vocabulary;
using Probe.Lab.Simulation;
using Xunit.Abstractions;

namespace Probe.Core.Tests.Tracing;

/// <summary>The stated confidence, held against two thousand random networks a bound.</summary>
[Collection(Lanes.Simulated)]
public class MultipathBoundTests(ITestOutputHelper output)
{
    private const int Runs = 2_000;
    private const double Risk = 0.05;

    private static readonly RandomOptions OnlyBalancing = new()
    {
        MaxHops = 4, Diamonds = 0.5, MaxWidth = 4, PerPacket = 0.1, Silent = 0, RateLimited = 0, ShortQuotes = 0.3, Extensions = 0, Lies = 0,
        TtlFaults = 0, LossyLinks = 0, UnrulyLinks = 0, SmallMtus = 0, Nats = 0, Loops = 0,
    };

    // A link to a target that keeps silent cannot be found.
    private static readonly HostSpec? AnswersAll = Topologies.Line(1).Node(TopologyBuilder.Target).Host;

    [Theory]
    [InlineData(ConfidenceScope.Hop, MultipathAlgorithm.Mda)]
    [InlineData(ConfidenceScope.Hop, MultipathAlgorithm.MdaLite)]
    [InlineData(ConfidenceScope.Graph, MultipathAlgorithm.Mda)]
    public void Misses_stay_within_the_stated_bound_and_no_link_is_invented(ConfidenceScope scope, MultipathAlgorithm algorithm)
    {
        var (invented, incomplete) = (0, 0);
        var (nodes, lite, graphs, beyond) = (new Tally(), new Tally(), new Tally(), new Tally());
        for (var run = 0; run < Runs; run++)
        {
            var topology = Draw((ulong)(Seed.Value + run));
            var found = SimulatedMultipath.Run(topology, scope: scope, algorithm: algorithm, key: (ulong)run + 1, maxProbes: 5_000);
            invented += found.FoundLinks.Except(found.TrueLinks).Count();
            if (!found.Evidence.Multipath!.Complete)
            {
                // It says so, and claims no bound.
                incomplete++;
            }
            else if (!IsPerPacket(topology))
            {
                // Links behind a per-packet balancer are never claimed, so none can be missed.
                if (Judge(found, nodes, lite, beyond))
                {
                    graphs.Add(found.TrueLinks.All(found.FoundLinks.Contains), 1 - found.Evidence.Multipath.GraphConfidence!.Value / 100);
                }
            }
        }

        output.WriteLine($"{scope}, {algorithm}: per node {nodes}; per hop of like nodes (mda-lite) {lite}; other hops (mda-lite, nothing stated) {beyond}; whole graphs {graphs}; "
            + $"{invented} links invented, {incomplete} searches ended incomplete, seed {Seed.Value}");
        Assert.Equal(0, invented);
        Assert.True(incomplete < Runs / 50, $"{incomplete} searches ended incomplete");
        graphs.AssertBound(Runs / 4);
        if (scope == ConfidenceScope.Graph)
        {
            return;
        }

        nodes.AssertBound(Runs / 5);
        if (algorithm == MultipathAlgorithm.MdaLite)
        {
            lite.AssertBound(Runs / 5);
        }
    }

    /// <summary>
    /// With the full algorithm every node that was found is a case: what lies behind an unseen node is that one's miss. MDA-Lite states its
    /// confidence for hops whose nodes are alike, so that those are its cases. Where nothing branches nothing can be missed: no case.
    /// </summary>
    /// <returns>What the search assumes is true of the whole graph.</returns>
    private static bool Judge(SimulatedMultipath found, Tally nodes, Tally lite, Tally beyond)
    {
        if (found.Evidence.Multipath!.Mode == MultipathAlgorithm.Mda)
        {
            foreach (var node in found.TrueLinks.Where(link => found.FoundNodes.Contains((link.Ttl, link.From)))
                .GroupBy(link => (link.Ttl, link.From)).Where(node => node.Count() > 1))
            {
                nodes.Add(node.All(found.FoundLinks.Contains));
            }

            return true;
        }

        var alike = true;
        foreach (var hop in found.TrueLinks.GroupBy(link => link.Ttl).OrderBy(hop => hop.Key))
        {
            alike &= hop.GroupBy(link => link.From).Select(node => node.Count()).Distinct().Count() == 1
                && hop.GroupBy(link => link.To).Select(node => node.Count()).Distinct().Count() == 1;

            if (hop.Count() == 1)
            {
                continue;
            }

            // A hop is judged by the nodes found of the one before.
            (alike ? lite : beyond).Add(hop.Where(link => found.FoundNodes.Contains((link.Ttl, link.From))).All(found.FoundLinks.Contains));
        }

        return alike;
    }

    private static bool IsPerPacket(Topology topology) =>
        topology.Nodes.Any(node => node.Routes.Any(route => route.Balancing != Balancing.PerFlow && route.NextHops.Length > 1));

    /// <summary>Rows of diamonds of every kind, nested ones, meshes, and single wide ones.</summary>
    private static Topology Draw(ulong seed) => (seed % 10) switch
    {
        0 => Topologies.Diamond(1 + (int)(seed / 10 % 64), seed: seed),
        1 => Topologies.Nested(2 + (int)(seed / 10 % 3), 2 + (int)(seed / 30 % 4), seed: seed),
        2 => Topologies.Meshed(2 + (int)(seed / 10 % 4), 1 + (int)(seed / 40 % 3), seed: seed),
        3 => Topologies.UnequalDiamond([1, 1 + (int)(seed / 10 % 3), 2 + (int)(seed / 30 % 3)], seed: seed),
        _ => RandomTopologies.Make(seed, OnlyBalancing).With(TopologyBuilder.Target, target => target with { Host = AnswersAll }),
    };

    /// <summary>Cases, and how many of them had something missed.</summary>
    private sealed class Tally
    {
        private int _cases;
        private int _missed;
        private double _expected;
        private double _variance;

        /// <param name="found">Nothing was missed.</param>
        /// <param name="risk">The stated chance to miss something.</param>
        public void Add(bool found, double risk = Risk)
        {
            _cases++;
            _missed += found ? 0 : 1;
            _expected += risk;
            _variance += risk * (1 - risk);
        }

        public void AssertBound(int leastCases)
        {
            Assert.True(_cases > leastCases, $"only {_cases} cases were judged");
            Assert.True(_missed <= _expected + 3 * Math.Sqrt(_variance), $"{this} missed, at most {_expected:F1} stated, seed {Seed.Value}");
        }

        public override string ToString() => $"{_missed} of {_cases} ({(_cases == 0 ? 0 : 100.0 * _missed / _cases):F2} %)";
    }
}
