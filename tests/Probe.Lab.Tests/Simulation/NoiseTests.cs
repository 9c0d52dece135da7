using Probe.Core.Packets;
using Probe.Lab.Simulation;

namespace Probe.Lab.Tests.Simulation;

public sealed class NoiseTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Foreign_errors_come_at_the_stated_rate_and_are_well_formed(bool isV6)
    {
        var network = new SimulatedNetwork(Topologies.Line(1) with { Noise = [new NoiseSpec { PerSecond = 2000, V6 = isV6, UntilNs = 1_000_000_000 }] });
        var noise = network.Gather(5_000_000_000);
        Assert.InRange(noise.Count, 1800, 2200);
        Assert.All(noise, answer => Assert.True(answer.AtNs < 1_000_000_000 && answer.Quote.Length > 0 && answer.Cause == 0));
        Assert.Equal(2, noise.Select(answer => answer.Type).Distinct().Count());
    }

    [Fact]
    public void A_near_miss_has_the_right_addresses_and_ports_and_the_wrong_cookie()
    {
        foreach (var protocol in new[] { Protocols.Icmp, Protocols.Udp, Protocols.Tcp })
        {
            var network = new SimulatedNetwork(Topologies.Line(1) with { Noise = [new NoiseSpec { PerSecond = 500, Kind = NoiseKind.NearMiss }] });
            var probe = Probes.Of(protocol, 64, isV6: false);
            network.Inject(probe, 0);
            var forged = network.Gather(1_000_000_000).Where(answer => answer.Cause == 0).ToArray();
            Assert.True(forged.Length > 100);
            foreach (var answer in forged)
            {
                Assert.Equal(FlowKey.Of(probe).Destination, FlowKey.Of(answer.Quote).Destination);
                Assert.Equal(probe[20..(protocol == Protocols.Icmp ? 21 : 24)], answer.Quote[20..(protocol == Protocols.Icmp ? 21 : 24)]);
                Assert.NotEqual(probe[4..6], answer.Quote[4..6]);
                Assert.NotEqual(probe[24..28], answer.Quote[24..28]);
            }
        }
    }

    [Fact]
    public void Unasked_answers_and_garbage_are_packets_too()
    {
        var network = new SimulatedNetwork(Topologies.Line(1) with
        {
            Noise = [new NoiseSpec { Kind = NoiseKind.DirectAnswers }, new NoiseSpec { Kind = NoiseKind.Garbage }, new NoiseSpec { Kind = NoiseKind.Garbage, V6 = true }],
        });
        var count = 0;
        while (network.TryNext(1_000_000_000, out var delivery))
        {
            count++;
            Assert.True(IpPacket.TryRead(delivery.Octets, out _));
        }

        Assert.InRange(count, 2600, 3400);
    }
}
