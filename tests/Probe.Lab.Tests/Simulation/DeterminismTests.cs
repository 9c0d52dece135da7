using Probe.Lab.Simulation;

namespace Probe.Lab.Tests.Simulation;

public sealed class DeterminismTests
{
    [Fact]
    public void The_same_network_and_packets_give_the_same_journal_however_often_it_is_asked()
    {
        for (var i = 0UL; i < 30; i++)
        {
            var topology = RandomTopologies.Make(Seed.Long + i, new RandomOptions { Noise = 0.5 });
            var (eager, lazy) = (new SimulatedNetwork(topology), new SimulatedNetwork(topology));
            for (var ttl = 1; ttl <= 200; ttl++)
            {
                var packet = Probes.Of((Protocols)(1 << ttl % 3), 1 + ttl % 20, ttl % 2 == 0);
                eager.Inject(packet, ttl * 1_000_003L);
                lazy.Inject(packet, ttl * 1_000_003L);
                while (eager.TryNext(ttl * 1_000_003L, out _))
                {
                }
            }

            foreach (var network in new[] { eager, lazy })
            {
                while (network.TryNext(3_000_000_000, out _))
                {
                }
            }

            Assert.True(Text(eager) == Text(lazy), $"seed {Seed.Long + i}\n{topology}");
        }
    }

    [Fact]
    public void Another_seed_gives_another_journal()
    {
        var topology = Topologies.Line(3, new LinkQuality { JitterNs = 1_000_000 });
        Assert.NotEqual(Run(topology), Run(topology with { Seed = 2 }));

        static string Run(Topology topology)
        {
            var network = new SimulatedNetwork(topology);
            network.Ask(Probes.Udp(ttl: 2));
            return Text(network);
        }
    }

    private static string Text(SimulatedNetwork network) => string.Join('\n', network.Journal.Entries);
}
