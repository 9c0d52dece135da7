using System.Globalization;
using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Tracing;
using Probe.Core.Vocabulary;
using Probe.Core.Wire;
using Probe.Lab.Simulation;
using Xunit.Abstractions;

namespace Probe.Core.Tests.Tracing;

/// <summary>Many targets at once find what single traces find, spread their probes and keep little.</summary>
[Collection(Lanes.Simulated)]
public class BulkTracerTests(ITestOutputHelper output)
{
    private const int Hosts = 160;
    private const long Second = 1_000 * SimulatedTrace.Millisecond;

    public static TheoryData<ProbeProtocol, bool> Kinds => RandomNetworkTests.Kinds;

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_target_shows_the_hops_that_a_trace_of_it_alone_shows(ProbeProtocol protocol, bool isV6)
    {
        var topology = RandomTree(Hosts);
        var targets = Targets(topology, isV6);
        var bulk = SimulatedBulk.Run(topology, targets, protocol, options => options with { MaxPerSecond = int.MaxValue, InFlight = 100 });

        Assert.Equal(SweepEnd.Done, bulk.End);
        Assert.Equal(Hosts, bulk.Traces.Select(trace => trace.Target.Index).Distinct().Count());
        var all = bulk.Evidence;
        for (var i = 0; i < Hosts; i++)
        {
            var alone = SimulatedTrace.Run(topology, protocol, isV6, cycles: 1, change: options => options with { Target = targets[i] }).Evidence;
            Assert.Equal(Shape(alone), Shape(all[i]));
        }

        output.WriteLine($"{all.Count(trace => trace.Reached)} of {Hosts} reached, {bulk.Tracer.ProbesSent} probes, seed {Seed.Value}");
        Assert.InRange(all.Count(trace => trace.Reached), Hosts / 2, Hosts - 1);
    }

    [Theory]
    [InlineData("ipip", false, false, ProbeProtocol.Icmp)]
    [InlineData("gue", false, false, ProbeProtocol.Udp)]
    [InlineData("gue", true, false, ProbeProtocol.Tcp)]
    [InlineData("gue", false, true, ProbeProtocol.Udp)]
    [InlineData("ipip", true, true, ProbeProtocol.Icmp)]
    public void Through_a_tunnel_every_target_shows_the_hops_that_a_trace_of_it_alone_shows(string kind, bool isV6, bool sweepsOuter, ProbeProtocol protocol)
    {
        var topology = RandomTree(40);
        var end = topology.AddressOf("r2", isV6: false);
        Encapsulation layer = kind == "gue" ? new GueEncapsulation { Remote = end, Port = GueEncapsulation.DefaultPort } : new IpIpEncapsulation { Remote = end };
        topology = topology.With("r2", node => node with { TunnelEnd = new TunnelEndSpec { Accepts = [layer] } });
        var via = new EncapsulationStack([layer with { Source = topology.AddressOf(TopologyBuilder.Vantage, isV6: false) }]);
        var targets = Targets(topology, isV6);
        var all = SimulatedBulk.Run(topology, targets, protocol, options => options with { SweepsOuter = sweepsOuter, Via = [kind] }, via: via).Evidence;
        for (var i = 0; i < targets.Count; i++)
        {
            var alone = SimulatedTrace.Run(topology, protocol, isV6, cycles: 1, change: options => options with { Target = targets[i], Via = via, SweepsOuter = sweepsOuter }).Evidence;
            Assert.Equal(Shape(alone), Shape(all[i]));
            Assert.Equal((kind, alone.StopReason, alone.Sweep), (Assert.Single(all[i].Via), all[i].StopReason, all[i].Sweep));
        }

        Assert.InRange(all.Count(trace => trace.Reached), targets.Count / 2, targets.Count);
        Assert.Contains(all.SelectMany(trace => trace.Hops), hop => sweepsOuter == hop.Nodes.Any(node => node.Replies.Any(reply => reply.Layer == 1)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_tunnel_that_nobody_takes_ends_each_trace_with_who_says_so(bool sweepsOuter)
    {
        var topology = RandomTree(8);
        var via = new EncapsulationStack([new GueEncapsulation
        {
            Remote = topology.AddressOf("r1", isV6: false), Port = GueEncapsulation.DefaultPort, Source = topology.AddressOf(TopologyBuilder.Vantage, isV6: false),
        }]);
        var all = SimulatedBulk.Run(topology, Targets(topology, isV6: false), change: options => options with { SweepsOuter = sweepsOuter }, via: via).Evidence;
        Assert.All(all, trace =>
        {
            Assert.Equal((false, StopReason.Tunnel), (trace.Reached, trace.StopReason));
            Assert.Equal(sweepsOuter ? 2 : 1, trace.Hops[^1].Ttl);
        });
    }

    [Fact]
    public void Both_families_and_all_counts_stand_in_one_list()
    {
        var topology = RandomTree(40);
        var bulk = SimulatedBulk.Run(topology, [.. Targets(topology, isV6: false), .. Targets(topology, isV6: true)], change: options => options with { Cycles = 3 });
        var all = bulk.Evidence;
        Assert.Equal(80, all.Count);
        Assert.Equal(40, all.Count(trace => trace.Source.Contains(':', StringComparison.Ordinal)));
        foreach (var hop in all.Where(trace => trace.Reached).SelectMany(trace => trace.Hops))
        {
            Assert.Equal(3, hop.Sent);
        }
    }

    [Fact]
    public void Nothing_is_asked_far_beyond_a_target_and_silent_hops_are_asked_twice()
    {
        var topology = Topologies.Line(9).With("r4", node => node with { Errors = node.Errors with { Silent = Protocols.All } });
        var bulk = SimulatedBulk.Run(topology, [TopologyBuilder.TargetV4]);
        var trace = Assert.Single(bulk.Evidence);
        Assert.Equal((true, 10, StopReason.Target), (trace.Reached, trace.ReachedTtl, trace.StopReason));
        Assert.Equal([1, 1, 1, 2, 1, 1, 1, 1, 1, 1], trace.Hops.Select(hop => hop.Sent));
        Assert.InRange(bulk.Tracer.ProbesSent, 11, 14);
    }

    [Fact]
    public void A_lost_packet_is_made_good_by_the_second_attempt()
    {
        var topology = Star(400, new LinkQuality { DelayNs = 1_000_000, Loss = 0.02 });
        var bulk = SimulatedBulk.Run(topology, Targets(topology, isV6: false));

        // A probe and its answer cross up to eight links.
        var hops = bulk.Evidence.SelectMany(trace => trace.Hops).ToList();
        var silent = hops.Count(hop => hop.Received == 0);
        output.WriteLine($"{silent} of {hops.Count} hops silent, {hops.Count(hop => hop.Sent == 2)} asked twice, seed {Seed.Value}");
        Assert.True(hops.Count(hop => hop.Sent == 2) > 20, "nothing was lost");
        Assert.InRange(silent, 0, hops.Count(hop => hop.Sent == 2) / 3);
    }

    [Fact]
    public void The_rate_is_kept_and_spread_over_each_second()
    {
        const int Rate = 200;
        var topology = Star(200);
        var bulk = SimulatedBulk.Run(topology, Targets(topology, isV6: false), change: options => options with { MaxPerSecond = Rate });
        var sent = bulk.Network.Journal.Entries.Where(entry => entry.Kind == JournalKind.Made && entry.Node == TopologyBuilder.Vantage).Select(entry => entry.AtNs).ToList();

        Assert.Equal(bulk.Tracer.ProbesSent, sent.Count);
        Assert.InRange(MostWithin(sent, Second), 1, Rate);
        Assert.InRange(MostWithin(sent, Second / 10), 1, Rate / 10 + 3);

        // And used: the whole takes little longer than the rate demands.
        Assert.InRange(sent[^1] - sent[0], 0, sent.Count * (Second / Rate) + 4 * Second);
    }

    [Fact]
    public void No_router_on_the_shared_path_gets_a_burst()
    {
        const int Rate = 1000;
        var topology = Star(600, hops: 8);
        var targets = Targets(topology, isV6: false);
        var bulk = SimulatedBulk.Run(topology, targets, change: options => options with { MaxPerSecond = Rate });
        var made = bulk.Network.Journal.Entries.Where(entry => entry.Kind == JournalKind.Made && entry.Node != TopologyBuilder.Vantage).ToList();
        var shared = made.Where(entry => entry.Node.StartsWith('r')).GroupBy(entry => entry.Node, StringComparer.Ordinal).ToList();
        Assert.Equal(8, shared.Count);
        foreach (var router in shared)
        {
            var times = router.Select(entry => entry.AtNs).Order().ToList();
            var most = MostWithin(times, Second / 10);
            output.WriteLine($"{router.Key}: {times.Count} answers, at most {most} in 100 ms, {LongestRun(made, router.Key)} in a row");
            Assert.Equal(targets.Count, times.Count);

            // An eighth of 100 probes is 12; one TTL after the other would be 100.
            Assert.InRange(most, 1, 40);
            Assert.InRange(LongestRun(made, router.Key), 1, 12);
        }
    }

    [Fact]
    public void A_full_queue_of_this_host_delays_and_loses_nothing()
    {
        var topology = Star(50);
        var bulk = SimulatedBulk.Run(topology, Targets(topology, isV6: false), port: new SimulatedPortOptions { Busy = 0.3 });
        Assert.All(bulk.Evidence, trace => Assert.True(trace.Reached));
        Assert.All(bulk.Evidence.SelectMany(trace => trace.Hops), hop => Assert.Equal((1, 1), (hop.Sent, hop.Received)));
        Assert.Equal(bulk.Tracer.ProbesSent, bulk.Network.Journal.Entries.LongCount(entry => entry.Kind == JournalKind.Made && entry.Node == TopologyBuilder.Vantage));
    }

    [Fact]
    public void A_target_that_this_host_refuses_to_send_to_is_told_and_the_others_go_on()
    {
        var topology = Star(20);
        var targets = Targets(topology, isV6: false);
        var bulk = SimulatedBulk.Run(topology, targets, port: new SimulatedPortOptions { Refused = IpPrefix.Of(targets[7]) });
        var refused = bulk.Evidence[7];
        Assert.Equal((false, StopReason.Error, (NotProbedReason?)NotProbedReason.LocalRule), (refused.Reached, refused.StopReason, refused.Reason));
        Assert.Empty(refused.Hops);
        Assert.Equal(19, bulk.Evidence.Count(trace => trace is { Reached: true, Reason: null }));
    }

    [Fact]
    public void What_was_seen_is_handed_over_when_the_run_is_stopped()
    {
        var topology = Star(200);
        var bulk = SimulatedBulk.Run(topology, Targets(topology, isV6: false), change: options => options with { MaxPerSecond = 100 }, untilNs: 3 * Second);
        Assert.Equal(SweepEnd.Deadline, bulk.End);
        Assert.InRange(bulk.Traces.Count, 5, 190);
        Assert.Contains(bulk.Evidence, trace => trace.StopReason == StopReason.Deadline);
        Assert.Contains(bulk.Evidence, trace => trace.StopReason == StopReason.Target);
    }

    private static int MostWithin(List<long> times, long span)
    {
        var most = 0;
        for (int first = 0, last = 0; last < times.Count; last++)
        {
            while (times[last] - times[first] >= span)
            {
                first++;
            }

            most = Math.Max(most, last - first + 1);
        }

        return most;
    }

    private static int LongestRun(List<JournalEntry> made, string node)
    {
        var (longest, run) = (0, 0);
        foreach (var entry in made)
        {
            run = entry.Node == node ? run + 1 : 0;
            longest = Math.Max(longest, run);
        }

        return longest;
    }

    /// <summary>What must be the same; a retry may have been sent, and times differ.</summary>
    private static string Shape(TraceEvidence trace) => string.Create(CultureInfo.InvariantCulture, $"{trace.Address} {trace.Reached} {trace.ReachedTtl} {trace.StopReason}: ")
        + string.Join(" > ", trace.Hops.Select(hop => $"{hop.Ttl} " + string.Join('|', hop.Nodes.Select(node =>
            $"{node.Address} {string.Join(',', node.Replies.Select(reply => $"{reply.Kind}/{reply.Type}/{reply.Code}/{reply.Mtu}"))} {node.Balancing} {node.Quoted?.Ttl} {node.Mpls?.Count} {string.Join(',', node.Notes)}"))))
        + $"; {trace.Links.Count} links";

    private static List<IpAddress> Targets(Topology topology, bool isV6) =>
        [.. topology.Nodes.Where(node => node.Name.StartsWith('t')).Select(node => topology.AddressOf(node.Name, isV6))];

    /// <summary>A row of routers, and all targets behind the last.</summary>
    private static Topology Star(int hosts, LinkQuality? quality = null, int hops = 6)
    {
        var builder = Begin(quality);
        var last = TopologyBuilder.Vantage;
        for (var hop = 1; hop <= hops; hop++)
        {
            builder.Link(last, $"r{hop}");
            last = $"r{hop}";
        }

        for (var host = 0; host < hosts; host++)
        {
            builder.Link(last, AddHost(builder, host));
        }

        return builder.Build();
    }

    /// <summary>A tree of routers, some silent, some short of words, some lying; targets behind any of them, some silent too.</summary>
    private static Topology RandomTree(int hosts)
    {
        var chance = new Random(Seed.Value);
        var builder = Begin(null);
        var routers = new List<string>();
        for (var i = 0; i < hosts / 4; i++)
        {
            var name = $"r{i}";
            builder.Link(i < 3 ? i == 0 ? TopologyBuilder.Vantage : $"r{i - 1}" : routers[chance.Next(Math.Max(2, i - 12), i)], name);
            routers.Add(name);
            if (chance.Next(8) == 0)
            {
                builder.Node(name, node => node with { Errors = node.Errors with { Silent = Protocols.All } });
            }
            else if (chance.Next(8) == 0)
            {
                builder.Node(name, node => node with { Rules = [AnswerRule.TooBig(9000, Protocols.All)] });
            }
            else if (chance.Next(3) == 0)
            {
                builder.Node(name, node => node with { Errors = node.Errors with { Quote = new QuoteSpec { Length = QuoteLength.HeaderAndEight } } });
            }
        }

        for (var host = 0; host < hosts; host++)
        {
            var name = AddHost(builder, host);
            builder.Link(routers[chance.Next(routers.Count)], name);
            if (chance.Next(6) == 0)
            {
                builder.Node(name, node => node with { Host = new HostSpec { Echo = false, OtherTcp = TcpBehaviour.Filtered, OtherUdp = UdpBehaviour.Silent } });
            }
        }

        return builder.Build();
    }

    private static TopologyBuilder Begin(LinkQuality? quality)
    {
        var builder = new TopologyBuilder { Seed = (ulong)Seed.Value };
        if (quality is not null)
        {
            builder.Quality = quality;
        }

        return builder.Host(TopologyBuilder.Vantage, TopologyBuilder.VantageV4, TopologyBuilder.VantageV6);
    }

    private static string AddHost(TopologyBuilder builder, int host)
    {
        var name = host == 0 ? TopologyBuilder.Target : $"t{host}";
        builder.Host(name, IpAddress.FromV4(0x0ac9_0000u + (uint)host + 1), IpAddress.Parse(string.Create(CultureInfo.InvariantCulture, $"fd00:201::{host + 1:x}")));
        return name;
    }
}
