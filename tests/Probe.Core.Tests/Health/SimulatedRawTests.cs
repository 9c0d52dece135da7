using Probe.Core.Health;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;
using Probe.Lab.Instruments;
using Probe.Lab.Networks;
using Probe.Lab.Simulation;

namespace Probe.Core.Tests.Health;

/// <summary>The raw engine in a simulated network under virtual time: what a real host does too rarely to be waited for.</summary>
public sealed class SimulatedRawTests
{
    private const ushort Echo = 0;
    private const ushort Open = 80;
    private const ushort Closed = 81;
    private const ushort Filtered = 82;
    private const ushort Slow = 83;
    private const ushort Stale = 84;

    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(1);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Each_port_gets_its_verdict_though_the_host_s_queue_is_often_full(bool v6)
    {
        var load = Run(new() { Busy = 0.3, NoTransmitStamp = 0.3, Seed = (ulong)Seed.Value }, v6, 2_000, Open, Closed, Filtered, Slow);
        Assert.Equal(
            (500, 500, 500, 500),
            (load.Count(CheckEnd.Answered, At(Open)), load.Count(CheckEnd.Refused, At(Closed)), load.Count(CheckEnd.TimedOut, At(Filtered)), load.Count(CheckEnd.TimedOut, At(Slow))));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Echo_requests_and_SYNs_side_by_side_get_their_own_answers(bool v6)
    {
        var load = Run(new() { Busy = 0.3, NoTransmitStamp = 0.3, Seed = (ulong)Seed.Value }, v6, 2_000, Open, Echo, Filtered, Echo);
        Assert.Equal((500, 1000, 500), (load.Count(CheckEnd.Answered, At(Open)), load.Count(CheckEnd.Answered, At(Echo)), load.Count(CheckEnd.TimedOut, At(Filtered))));
    }

    [Fact]
    public void Answers_that_this_host_lost_are_nobody_s_silence()
    {
        var load = Run(new() { LostLocally = 0.2, Seed = (ulong)Seed.Value }, v6: false, 2_000, Open, Closed);
        Assert.Equal((0, 2_000), (load.Count(CheckEnd.TimedOut), load.Count(CheckEnd.Answered) + load.Count(CheckEnd.Refused) + load.Count(CheckEnd.Late)));
        Assert.InRange(load.Count(CheckEnd.Late), 100, 800);
    }

    [Fact]
    public void Without_the_kernel_s_stamp_an_answer_that_was_read_late_still_counts()
    {
        var load = Run(new() { NoArrivalStamp = 1, UserLatenessNs = 2_000_000_000 }, v6: false, 100, Open);
        Assert.Equal(100, load.Count(CheckEnd.Answered));
    }

    [Fact]
    public void What_a_local_rule_refuses_and_where_no_route_leads_is_said_at_once()
    {
        var load = Run(new() { Refused = IpPrefix.Parse("0.0.0.0/0") }, v6: false, 100, Open);
        Assert.Equal(100, load.Count(CheckEnd.Failed));
    }

    [Fact]
    public void A_target_that_only_speaks_of_older_connections_draws_few_SYNs()
    {
        // No kernel here that would reset the older connection.
        var retransmits = new List<int>();
        var load = Run(new(), v6: false, 10, seen: outcome => retransmits.Add(outcome.SynRetransmits), Stale);
        Assert.Equal(10, load.Count(CheckEnd.TimedOut));
        Assert.All(retransmits, count => Assert.InRange(count, 1, 5));
    }

    private static Func<CheckTarget, bool> At(ushort port) => target => target.Port == port;

    private static CheckLoad Run(SimulatedPortOptions options, bool v6, int checks, params ushort[] ports) => Run(options, v6, checks, null, ports);

    private static CheckLoad Run(SimulatedPortOptions options, bool v6, int checks, Action<CheckOutcome>? seen, params ushort[] ports)
    {
        var topology = Topologies.Line(2);
        topology = topology with
        {
            Nodes =
            [
                .. topology.Nodes.Select(node => node.Name != TopologyBuilder.Target ? node : node with
                {
                    Host = new HostSpec
                    {
                        Tcp =
                        [
                            new TcpService { Port = Open },
                            new TcpService { Port = Filtered, Behaviour = TcpBehaviour.Filtered },
                            new TcpService { Port = Slow, DelayNs = 1_500_000_000 },
                            new TcpService { Port = Stale, Behaviour = TcpBehaviour.StaleHalfOpen },
                        ],
                    },
                }),
            ],
        };
        var address = topology.AddressOf(TopologyBuilder.Target, v6);
        ushort[] held = [40_000, 40_001];
        using var engine = new RawEngine(new SimulatedPort(topology, options), new(new()) { InFlight = 50 }, new RawSources(Source, _ => throw new NotSupportedException()), new RawPorts(held, held), zeroNs: 1_000_000_000_000);
        var targets = ports.Select((port, index) => CheckNetwork.Target(index, address, s_timeout, port == Echo ? CheckKind.Icmp : CheckKind.Syn, port)).ToList();
        var load = new CheckLoad(engine, targets) { Seen = seen };
        load.Run(50, checks, TimeSpan.FromHours(1));
        Assert.Equal((checks, 0), (load.Over, engine.InFlight));
        return load;

        int Source(IpAddress target, out IpAddress source)
        {
            source = topology.AddressOf(TopologyBuilder.Vantage, target.IsV6);
            return 0;
        }
    }
}
