using Probe.Core.Probing;
using Probe.Core.Tracing;
using Probe.Core.Vocabulary;
using Probe.Core.Wire;
using Probe.Lab.Simulation;

namespace Probe.Core.Tests.Tracing;

/// <summary>Cycles that follow a search of all paths.</summary>
public class TracerAfterSearchTests
{
    private const long SecondNs = 1_000_000_000;

    [Theory]
    [InlineData(4)]
    [InlineData(16)]
    public void Few_flows_meet_everything_that_the_search_found_and_a_reset_keeps_them(int width)
    {
        var topology = Topologies.Diamond(width);
        using var wire = new PacketWire(new SimulatedPort(new SimulatedNetwork(topology)), new ProbeCookies(), 2 * SecondNs);
        var options = new TraceOptions
        {
            Target = TopologyBuilder.TargetV4,
            Source = topology.AddressOf(TopologyBuilder.Vantage, isV6: false),
            Protocol = ProbeProtocol.Udp,
            Flows = [],
            Size = ProbeWriter.DefaultSize(isV6: false),
            Cycles = 3,
        };
        var search = new MultipathTracer(
            new MultipathOptions { Trace = options, FlowAt = index => SimulatedTrace.FlowOf(index + 1, ProbeProtocol.Udp, isV6: false), Confidence = 99.99 }, new ProbeNumbers());
        Assert.Equal(SweepEnd.Done, SweepLoop.Run(search, wire, 60 * SecondNs, default));
        var found = Build(search);
        Assert.Equal(width, found.Hops[1].Nodes.Count);

        var tracer = new Tracer(options, search);
        Assert.Equal(width, tracer.Flows.Count);
        Assert.Equal(SweepEnd.Done, SweepLoop.Run(tracer, wire, 120 * SecondNs, default));
        var watched = Build(tracer);
        Assert.Equal(Nodes(found), Nodes(watched));
        Assert.Equal(found.Links.Select(link => (link.Ttl, link.From, link.To)), watched.Links.Select(link => (link.Ttl, link.From, link.To)));
        Assert.Equal(found.Multipath, watched.Multipath);
        Assert.Equal(found.Hops.Sum(hop => hop.Sent) + 3 * width * found.Hops.Count, watched.Hops.Sum(hop => hop.Sent));

        tracer.Reset();
        SweepLoop.Run(tracer, wire, 240 * SecondNs, default);
        var anew = Build(tracer);
        Assert.Equal(Nodes(found), Nodes(anew));
        Assert.Equal(width, anew.Flows.Count);
        Assert.Equal(found.Multipath, anew.Multipath);
    }

    [Fact]
    public void A_paused_search_sends_nothing_and_goes_on_where_it_stopped()
    {
        var topology = Topologies.Diamond(4);
        using var wire = new PacketWire(new SimulatedPort(new SimulatedNetwork(topology)), new ProbeCookies(), 2 * SecondNs);
        var search = new MultipathTracer(
            new MultipathOptions
            {
                Trace = new TraceOptions
                {
                    Target = TopologyBuilder.TargetV4, Source = topology.AddressOf(TopologyBuilder.Vantage, isV6: false), Protocol = ProbeProtocol.Udp,
                    Flows = [], Size = ProbeWriter.DefaultSize(isV6: false),
                },
                FlowAt = index => SimulatedTrace.FlowOf(index + 1, ProbeProtocol.Udp, isV6: false),
            },
            new ProbeNumbers());
        var steps = 0;
        SweepLoop.Run(search, wire, 10 * SecondNs, default, now =>
        {
            if (steps++ == 1)
            {
                search.Pause(now);
            }
        });
        Assert.True(search.IsPaused);
        var sent = search.ProbesSent;
        Assert.InRange(sent, 1, 20);
        search.Resume(wire.NowNs);
        Assert.Equal(SweepEnd.Done, SweepLoop.Run(search, wire, 60 * SecondNs, default));
        Assert.True(search.IsComplete);
        Assert.True(search.ProbesSent > sent);
    }

    private static Core.Evidence.TraceEvidence Build(TraceSweep sweep) => new TraceEvidenceBuilder(sweep, 0, _ => null).Build("t", SweepEnd.Done, 0);

    private static IEnumerable<(int Ttl, string Address)> Nodes(Core.Evidence.TraceEvidence trace) =>
        trace.Hops.SelectMany(hop => hop.Nodes.Select(node => (hop.Ttl, node.Address))).Order();
}
