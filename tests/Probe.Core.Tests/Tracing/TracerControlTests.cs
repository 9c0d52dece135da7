using Probe.Core.Evidence;
using Probe.Core.Probing;
using Probe.Core.Tracing;
using Probe.Core.Vocabulary;

namespace Probe.Core.Tests.Tracing;

/// <summary>What a user does to a trace while it runs: pause, go on, reset, look.</summary>
public class TracerControlTests
{
    private const long Millisecond = 1_000_000;
    private const long Second = 1_000_000_000;

    [Fact]
    public void A_pause_sends_nothing_and_is_not_caught_up()
    {
        using var wire = new LineWire { Answer = LineWire.Line(3) };
        var tracer = new Tracer(Options(cycles: 6), new ProbeNumbers());
        SweepLoop.Run(tracer, wire, 100 * Second, default, now =>
        {
            if (now >= 2001 * Millisecond && now < 7500 * Millisecond)
            {
                tracer.Pause(now);
            }
            else
            {
                tracer.Resume(now);
            }
        });

        Assert.DoesNotContain(wire.Sent, sent => sent.AtNs is > 2001 * Millisecond and < 7500 * Millisecond);
        Assert.Equal(6, wire.Sent.Count(sent => sent.Probe.Ttl == 3));

        // The cycles after the pause keep their distance: none of those that it took is sent on top. (One is 1 ms late: nobody wakes this
        // loop when the pause is over.)
        var starts = wire.Sent.Where(sent => sent.Probe.Ttl == 1).Select(sent => sent.AtNs).ToList();
        Assert.All(starts.Zip(starts.Skip(1)), pair => Assert.True(pair.Second - pair.First >= Second - Millisecond, $"{pair.First} and {pair.Second}"));
    }

    [Fact]
    public void Answers_to_what_is_under_way_count_during_a_pause()
    {
        using var wire = new LineWire { Answer = LineWire.Line(3, rttNs: 200 * Millisecond) };
        var tracer = new Tracer(Options(cycles: 1), new ProbeNumbers());
        SweepLoop.Run(tracer, wire, 3 * Second, default, tracer.Pause);

        Assert.True(tracer.IsPaused);
        Assert.Equal([1, 1, 1], Build(tracer).Hops.Select(hop => hop.Received));
    }

    [Fact]
    public void A_paused_sweep_sleeps()
    {
        using var wire = new LineWire { Answer = LineWire.Line(3) };
        var tracer = new Tracer(Options(cycles: 100), new ProbeNumbers());
        var steps = 0;
        SweepLoop.Run(tracer, wire, 60 * Second, default, now =>
        {
            tracer.Pause(now);
            steps++;
        });

        Assert.InRange(steps, 50, 100);
    }

    [Fact]
    public void A_reset_forgets_what_was_seen_but_not_when_to_send_next()
    {
        var line = LineWire.Line(3);
        LineWire? wire = null;
        using var made = wire = new LineWire { Answer = probe => wire!.NowNs < 4500 * Millisecond && probe.Ttl == 2 ? null : line(probe) };
        var tracer = new Tracer(Options(cycles: 10), new ProbeNumbers());
        var done = false;
        SweepLoop.Run(tracer, made, 100 * Second, default, now =>
        {
            if (!done && now > 4000 * Millisecond)
            {
                done = true;
                tracer.Reset();
                Assert.Empty(Build(tracer).Hops);
                Assert.Equal(0, tracer.Cycles);
            }
        });

        var trace = Build(tracer);
        Assert.All(trace.Hops, hop => Assert.Equal((10, 10), (hop.Sent, hop.Received)));
        Assert.Equal(10, tracer.Cycles);
        var starts = made.Sent.Where(sent => sent.Probe.Ttl == 1).Select(sent => sent.AtNs / Second).ToList();
        Assert.Equal(Enumerable.Range(0, 15).Select(second => (long)second), starts);
    }

    [Fact]
    public void Resetting_all_the_time_breaks_no_ceiling()
    {
        using var wire = new LineWire { Answer = LineWire.Line(12) };
        var tracer = new Tracer(Options(cycles: int.MaxValue) with { IntervalNs = 10 * Millisecond }, new ProbeNumbers());
        SweepLoop.Run(tracer, wire, 20 * Second, default, _ => tracer.Reset());

        var times = wire.Sent.Select(sent => sent.AtNs).ToList();
        Assert.All(times, at => Assert.True(times.Count(other => other > at - Second && other <= at) <= 1000));
        Assert.All(wire.Sent.GroupBy(sent => sent.Probe.Ttl), ttl =>
            Assert.True(ttl.Count(sent => sent.AtNs < 10 * Second) <= 500, $"TTL {ttl.Key}: {ttl.Count()}"));
    }

    [Fact]
    public void The_newest_probes_stand_in_order_of_sending_whoever_answered_first()
    {
        // The answer to the second of three comes after the third one's, and the fourth is lost.
        var count = 0;
        using var wire = new LineWire
        {
            Answer = probe => probe.Ttl > 1 ? LineWire.Line(2)(probe) : ++count switch
            {
                2 => LineWire.Line(2, rttNs: 400 * Millisecond)(probe),
                4 => null,
                _ => LineWire.Line(2)(probe),
            },
        };
        var tracer = new Tracer(Options(cycles: 6) with { IntervalNs = 100 * Millisecond, RecentProbes = 5 }, new ProbeNumbers());
        SweepLoop.Run(tracer, wire, 100 * Second, default);

        var recent = new TraceEvidenceBuilder(tracer, 0, _ => null).Snapshot("t", 0).Recent[1];
        Assert.Equal([400 * Millisecond, Millisecond, null, Millisecond, Millisecond], recent.Select(probe => probe.RttNs));
        Assert.Equal([false, false, true, false, false], recent.Select(probe => probe.IsUnanswered));
        Assert.Equal(LineWire.Hop(1), recent[0].From);
    }

    [Fact]
    public void A_snapshot_of_one_flow_is_of_that_flow_alone()
    {
        using var wire = new LineWire
        {
            Answer = probe => probe.Ttl == 2 && probe.Flow.Id == 2
                ? LineWire.Line(3)(probe)! with { From = LineWire.Hop(99) }
                : LineWire.Line(3)(probe),
        };
        var tracer = new Tracer(Options(cycles: 4, flows: 3) with { RecentProbes = 8 }, new ProbeNumbers());
        SweepLoop.Run(tracer, wire, 100 * Second, default);
        var builder = new TraceEvidenceBuilder(tracer, 0, _ => null);

        Assert.Equal(2, builder.Snapshot("t", 0).Trace.Hops[1].Nodes.Count);
        var second = builder.Snapshot("t", 0, onlyFlow: 1);
        Assert.Equal(2, second.OnlyFlow);
        Assert.Equal(LineWire.Hop(99).ToString(), Assert.Single(second.Trace.Hops[1].Nodes).Address);
        Assert.Equal(4, second.Trace.Hops[1].Sent);
        Assert.Equal(3, second.Trace.Flows.Count);
        Assert.All(second.Recent[2], probe => Assert.Equal(2, probe.Flow));
    }

    private static TraceEvidence Build(Tracer tracer) => new TraceEvidenceBuilder(tracer, 0, _ => null).Build("target", SweepEnd.Done, 0);

    private static TraceOptions Options(int cycles, int flows = 1) => new()
    {
        Target = LineWire.Target,
        Source = LineWire.Hop(0),
        Protocol = ProbeProtocol.Icmp,
        Flows = [.. Enumerable.Range(1, flows).Select(id => new Flow(id, (ushort)(33_000 + id), 33_434, (ushort)id))],
        Cycles = cycles,
        Size = 60,
    };
}
