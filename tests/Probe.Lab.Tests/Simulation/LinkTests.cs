using Probe.Lab.Simulation;

namespace Probe.Lab.Tests.Simulation;

public sealed class LinkTests
{
    private const long Ms = 1_000_000;

    [Fact]
    public void Delays_add_up_to_the_nanosecond_in_both_directions()
    {
        var topology = Topologies.Line(2)
            .WithLink("h", "r1", link => link with { Quality = new LinkQuality { DelayNs = 123_456_789 }, Back = new LinkQuality { DelayNs = 1 } })
            .WithLink("r1", "r2", link => link with { Quality = new LinkQuality { DelayNs = 10 } });
        Assert.Equal(123_456_790, topology.AskOne(Probes.Udp(ttl: 1)).AtNs);
        Assert.Equal(123_456_810, topology.AskOne(Probes.Udp(ttl: 2)).AtNs);
        var slow = topology.With("r2", node => node with { Errors = new ErrorPolicy { DelayNs = 5_000_000 } });
        Assert.Equal(128_456_810, slow.AskOne(Probes.Udp(ttl: 2)).AtNs);
    }

    [Fact]
    public void Loss_takes_its_share_and_the_journal_says_where()
    {
        var network = new SimulatedNetwork(Topologies.Line(2).WithLink("r1", "r2", link => link with { Quality = new LinkQuality { Loss = 0.3 }, Back = new LinkQuality() }));
        var answered = Enumerable.Range(0, 4000).Sum(_ => network.Ask(Probes.Udp(ttl: 2), Ms * 10).Count);
        Assert.InRange(answered, 2600, 3000);
        var lost = network.Journal.Of(JournalKind.Dropped).Where(entry => entry.Reason == DropReason.Loss).ToArray();
        Assert.Equal(4000 - answered, lost.Length);
        Assert.All(lost, entry => Assert.Equal("r1>r2", entry.Link));
    }

    [Fact]
    public void A_stated_packet_is_lost_and_no_other()
    {
        var network = new SimulatedNetwork(Topologies.Line(1).WithLink("h", "r1", link => link with { Quality = new LinkQuality { Lost = [1] }, Back = new LinkQuality() }));
        Assert.Equal([1, 0, 1], Enumerable.Range(0, 3).Select(_ => network.Ask(Probes.Udp(ttl: 1)).Count));
    }

    [Fact]
    public void A_duplicate_arrives_twice_under_one_number()
    {
        var network = new SimulatedNetwork(Topologies.Line(1).WithLink("h", "r1", link => link with { Quality = new LinkQuality { Duplicate = 1 }, Back = new LinkQuality() }));
        var answers = network.Ask(Probes.Udp(ttl: 1));
        Assert.Equal(2, answers.Count);
        Assert.All(answers, answer => Assert.Equal(1, answer.Cause));
    }

    [Fact]
    public void Jitter_spreads_and_keeps_order_while_reordering_does_not()
    {
        var jitter = Order(new LinkQuality { DelayNs = Ms, JitterNs = 10 * Ms });
        Assert.Equal(jitter.Order(), jitter);
        var reordered = Order(new LinkQuality { DelayNs = Ms, Reorder = 0.2, ReorderNs = 5 * Ms });
        Assert.NotEqual(reordered.Order(), reordered);
        Assert.Equal(reordered.Order(), Enumerable.Range(1, 200).Select(i => (long)i));

        static long[] Order(LinkQuality quality)
        {
            var network = new SimulatedNetwork(Topologies.Line(1).WithLink("h", "r1", link => link with { Quality = quality, Back = new LinkQuality() }));
            for (var i = 0; i < 200; i++)
            {
                network.Inject(Probes.Udp(ttl: 1), i * Ms);
            }

            return [.. network.Gather(1000 * Ms).Select(answer => answer.Cause)];
        }
    }
}
