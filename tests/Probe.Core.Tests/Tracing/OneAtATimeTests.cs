using Probe.Core.Probing;
using Probe.Core.Tracing;
using Probe.Core.Vocabulary;

namespace Probe.Core.Tests.Tracing;

/// <summary>A wire that cannot tell answers apart gets one probe of a flow at a time, and nothing is lost by it.</summary>
public class OneAtATimeTests
{
    private const long Millisecond = 1_000_000;
    private const long Second = 1_000_000_000;

    [Theory]
    [InlineData(1, 30)]
    [InlineData(3, 30)]
    [InlineData(2, 300)]
    [InlineData(1, 990)]
    public void A_probe_waits_for_the_answer_to_the_one_before(int flows, int rttMs)
    {
        using var wire = new LineWire { Answer = LineWire.Line(9, rttMs * Millisecond) };
        var tracer = Run(wire, flows, () => true);

        foreach (var flow in wire.Sent.GroupBy(sent => sent.Probe.Flow.Id))
        {
            Assert.Equal(Enumerable.Repeat(Enumerable.Range(1, 9), 3).SelectMany(ttls => ttls), flow.Select(sent => (int)sent.Probe.Ttl));
            Assert.All(flow.Zip(flow.Skip(1)), pair => Assert.True(pair.Second.AtNs - pair.First.AtNs >= rttMs * Millisecond, $"{pair}"));
        }

        Assert.Equal(tracer.ProbesSent, tracer.ProbesAnswered);
    }

    [Fact]
    public void A_silent_hop_is_waited_for_in_the_first_cycle_and_hardly_later()
    {
        var line = LineWire.Line(9, 50 * Millisecond);
        using var wire = new LineWire { Answer = probe => probe.Ttl == 4 ? null : line(probe) };
        Run(wire, 1, () => true);
        Assert.Equal(Enumerable.Repeat(Enumerable.Range(1, 9), 3).SelectMany(ttls => ttls), wire.Sent.Select(sent => (int)sent.Probe.Ttl));
        var waits = wire.Sent.Zip(wire.Sent.Skip(1)).Where(pair => pair.First.Probe.Ttl == 4).Select(pair => pair.Second.AtNs - pair.First.AtNs).ToList();
        Assert.InRange(waits[0], Second, Second + 10 * Millisecond);
        Assert.All(waits[1..], wait => Assert.InRange(wait, 150 * Millisecond, 160 * Millisecond));
    }

    [Fact]
    public void Where_nobody_answers_any_more_the_search_does_not_take_all_day()
    {
        var line = LineWire.Line(40, 10 * Millisecond);
        using var wire = new LineWire { Answer = probe => probe.Ttl > 10 ? null : line(probe) };
        Run(wire, 1, () => true);
        Assert.Equal(3 * 30, wire.Sent.Count);
        Assert.InRange(wire.Sent[29].AtNs - wire.Sent[0].AtNs, 4 * Second, 8 * Second);
    }

    [Fact]
    public void It_may_change_while_the_trace_runs()
    {
        using var wire = new LineWire { Answer = LineWire.Line(9, 10 * Millisecond) };
        Run(wire, 1, () => wire.Sent.Count < 9);

        // The first cycle one by one, the next ones at once: the target is known.
        Assert.Equal(9, wire.Sent.Take(9).Select(sent => sent.AtNs).Distinct().Count());
        Assert.Equal(2, wire.Sent.Skip(9).Select(sent => sent.AtNs).Distinct().Count());
    }

    private static Tracer Run(LineWire wire, int flows, Func<bool> oneAtATime)
    {
        var tracer = new Tracer(
            new TraceOptions
            {
                Target = LineWire.Target,
                Source = LineWire.Hop(99),
                Protocol = ProbeProtocol.Udp,
                Flows = [.. Enumerable.Range(1, flows).Select(id => new Flow(id, (ushort)(40_000 + id), 33_434))],
                Cycles = 3,
                Size = 60,
                OneAtATime = oneAtATime,
            },
            new ProbeNumbers());
        SweepLoop.Run(tracer, wire, 100 * Second, default);
        return tracer;
    }
}
