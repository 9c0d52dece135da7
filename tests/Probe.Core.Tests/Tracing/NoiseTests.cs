using Probe.Core.Vocabulary;
using Probe.Lab.Simulation;

namespace Probe.Core.Tests.Tracing;

public class NoiseTests
{
    [Theory]
    [MemberData(nameof(RandomNetworkTests.Kinds), MemberType = typeof(RandomNetworkTests))]
    public void Thousands_of_foreign_answers_a_second_change_nothing(ProbeProtocol protocol, bool isV6)
    {
        const int Routers = 8;
        var quiet = Topologies.Line(Routers);
        var noisy = quiet with
        {
            Noise =
            [
                new NoiseSpec { PerSecond = 4000, V6 = isV6 },
                new NoiseSpec { PerSecond = 2000, V6 = isV6, Kind = NoiseKind.DirectAnswers },
                new NoiseSpec { PerSecond = 1000, V6 = isV6, Kind = NoiseKind.Garbage },
            ],
        };
        var trace = SimulatedTrace.Run(noisy, protocol, isV6, cycles: 10);
        var calm = SimulatedTrace.Run(quiet, protocol, isV6, cycles: 10);
        var foreign = trace.Network.Journal.Entries.Count(entry => entry.Kind == JournalKind.Delivered && entry.Node == TopologyBuilder.Vantage && entry.Cause == 0);
        Assert.True(foreign > 5_000, $"only {foreign} foreign answers came");
        Assert.Equal(
            calm.Evidence.Hops.Select(hop => (hop.Ttl, hop.Sent, hop.Received, hop.Loss, string.Join(' ', hop.Nodes.Select(node => node.Address)))),
            trace.Evidence.Hops.Select(hop => (hop.Ttl, hop.Sent, hop.Received, hop.Loss, string.Join(' ', hop.Nodes.Select(node => node.Address)))));
        Assert.Equal(Routers + 1, trace.Evidence.ReachedTtl);
    }
}
