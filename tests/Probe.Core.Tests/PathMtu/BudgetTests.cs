using Probe.Core.Vocabulary;
using Probe.Lab.Simulation;
using Xunit.Abstractions;

namespace Probe.Core.Tests.PathMtu;

/// <summary>How many packets and how much time an exact size costs.</summary>
public sealed class BudgetTests(ITestOutputHelper output)
{
    private const int Runs = 300;
    private const int MostPackets = 50;
    private const long MostNs = 300 * SimulatedSearch.Millisecond;
    private const int MostRoundTrips = 10;

    [Theory]
    [InlineData(TcpSegmentKind.Ack, 0)]
    [InlineData(TcpSegmentKind.Ack, 0.005)]
    [InlineData(TcpSegmentKind.Syn, 0)]
    [InlineData(TcpSegmentKind.Syn, 0.005)]
    public void A_silent_black_hole_is_exact_within_50_packets_and_300_ms_and_10_round_trips(TcpSegmentKind segment, double lossEachWay)
    {
        var packets = new List<int>();
        var spare = new List<double>();
        for (var i = 0; i < Runs; i++)
        {
            var random = new Random(SimulatedSearch.SeedOf(Seed.Value, i));
            var mtu = PlainNetworks.Size(random);
            var topology = PlainNetworks.Line(random, mtu, PlainNetworks.Silent, lossEachWay);
            var run = SimulatedSearch.Run(topology, change: options => options with { Segment = segment, Locate = false }, keySeed: i);
            Assert.Equal(mtu, run.Evidence.Mtu);
            var rttNs = 2 * topology.Links.Length * topology.Links[0].Quality.DelayNs;
            packets.Add(run.Evidence.ExactSent!.Value);
            spare.Add((double)(run.Evidence.ExactNs!.Value - MostNs) / rttNs);
        }

        packets.Sort();
        spare.Sort();
        output.WriteLine($"{segment} {lossEachWay}: packets median {packets[Runs / 2]} 95 % {packets[Runs * 95 / 100]} 99 % {packets[Runs * 99 / 100]} most {packets[^1]}; "
            + $"round trips beyond 300 ms median {spare[Runs / 2]:0.0} 95 % {spare[Runs * 95 / 100]:0.0} 99 % {spare[Runs * 99 / 100]:0.0} most {spare[^1]:0.0}");
        var within = lossEachWay > 0 ? Runs * 98 / 100 : Runs - 1;
        Assert.True(packets[within] <= MostPackets);
        Assert.True(spare[within] <= MostRoundTrips);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_signalled_size_costs_6_packets_and_3_round_trips_at_most(int limits)
    {
        for (var i = 0; i < Runs; i++)
        {
            var random = new Random(SimulatedSearch.SeedOf(Seed.Value, i));
            var mtu = PlainNetworks.Size(random);
            var topology = PlainNetworks.Line(random, mtu, PlainNetworks.Honest);
            if (limits == 2)
            {
                topology = topology.WithLink(TopologyBuilder.Vantage, "r1", link => link with { Back = link.Quality })
                    .WithLink("r1", "r2", link => link with { Quality = link.Quality with { Mtu = Math.Min(link.Quality.Mtu, random.Next(mtu, 1500)) } });
            }

            var run = SimulatedSearch.Run(topology, keySeed: i);
            // A reset may be a load balancer's own.
            var confidence = run.Evidence.ProvedBy == PathMtuProof.SynPayload ? Confidence.Proved : Confidence.Likely;
            Assert.Equal((mtu, PathMtuVerdict.Signalled, confidence), (run.Evidence.Mtu, run.Evidence.Verdict, run.Evidence.Confidence));
            Assert.InRange(run.Search.ProbesSent, 1, 6);
            Assert.InRange(run.Evidence.DurationNs, 0, 3 * 2 * topology.Links.Length * topology.Links[0].Quality.DelayNs);
        }
    }
}
