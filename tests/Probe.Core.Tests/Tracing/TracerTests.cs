using Probe.Core.Evidence;
using Probe.Core.Probing;
using Probe.Core.Tracing;
using Probe.Core.Vocabulary;

namespace Probe.Core.Tests.Tracing;

public class TracerTests
{
    private const long Millisecond = 1_000_000;
    private const long Second = 1_000_000_000;

    [Theory]
    [InlineData(1, 8)]
    [InlineData(5, 8)]
    [InlineData(9, 12)]
    [InlineData(20, 23)]
    public void One_probe_a_hop_and_hardly_one_more(int distance, int most)
    {
        using var wire = new LineWire { Answer = LineWire.Line(distance) };
        var trace = Run(wire, Options(cycles: 1));
        Assert.Equal((true, distance, StopReason.Target), (trace.Reached, trace.ReachedTtl, trace.StopReason));
        Assert.Equal(distance, trace.Hops.Count);
        Assert.InRange(wire.Sent.Count, distance, most);
        Assert.True(wire.NowNs < (2 + distance) * Millisecond, $"took {wire.NowNs} ns of virtual time");
    }

    [Fact]
    public void The_window_never_runs_more_than_four_ahead_of_the_highest_answer()
    {
        using var wire = new LineWire { Answer = LineWire.Line(25, 20 * Millisecond) };
        Run(wire, Options(cycles: 1));
        foreach (var (at, probe) in wire.Sent)
        {
            var highest = wire.Answered.Where(answer => answer.AtNs <= at).Select(answer => TtlOf(wire, answer.Reply)).DefaultIfEmpty(0).Max();
            Assert.True(probe.Ttl <= Math.Max(8, highest + 4), $"TTL {probe.Ttl} sent when {highest} had answered");
        }
    }

    [Fact]
    public void Silence_opens_the_window_after_three_round_trips_or_a_tenth_of_a_second()
    {
        var line = LineWire.Line(14);
        using var wire = new LineWire { Answer = probe => probe.Ttl is >= 5 and <= 13 ? null : line(probe) };
        var trace = Run(wire, Options(cycles: 1));
        Assert.Equal(14, trace.ReachedTtl);
        Assert.Equal(9, trace.Hops.Count(hop => hop.Nodes.Count == 0));
        Assert.Equal(100 * Millisecond, wire.Sent.First(sent => sent.Probe.Ttl == 9).AtNs);
        Assert.Equal(100 * Millisecond, wire.Sent.First(sent => sent.Probe.Ttl == 12).AtNs);
        Assert.Equal(200 * Millisecond, wire.Sent.First(sent => sent.Probe.Ttl == 13).AtNs);
    }

    [Fact]
    public void A_silent_hop_is_waited_for_as_long_as_an_answer_may_take()
    {
        var line = LineWire.Line(4);
        using var late = new LineWire { Answer = probe => probe.Ttl == 2 ? line(probe)! with { RttNs = Second } : line(probe) };
        Assert.Equal(1, Run(late, Options(cycles: 1)).Hops[1].Received);

        using var tooLate = new LineWire { Answer = probe => probe.Ttl == 2 ? line(probe)! with { RttNs = Second + 1 } : line(probe) };
        Assert.Equal((1, 0), Run(tooLate, Options(cycles: 1)).Hops[1] is var hop ? (hop.Sent, hop.Received) : default);
    }

    [Theory]
    [InlineData(ReplyKind.FragmentationNeeded)]
    [InlineData(ReplyKind.HostUnreachable)]
    [InlineData(ReplyKind.NetworkUnreachable)]
    [InlineData(ReplyKind.AdminProhibited)]
    [InlineData(ReplyKind.PortUnreachable)]
    [InlineData(ReplyKind.ProtocolUnreachable)]
    [InlineData(ReplyKind.ParameterProblem)]
    [InlineData(ReplyKind.SourceQuench)]
    [InlineData(ReplyKind.OtherUnreachable)]
    [InlineData(ReplyKind.PacketTooBig)]
    [InlineData(ReplyKind.Reset)]
    public void Nothing_but_the_targets_own_answer_ends_a_trace(ReplyKind kind)
    {
        var line = LineWire.Line(12);
        using var wire = new LineWire { Answer = probe => probe.Ttl is 1 or 7 ? line(probe)! with { Kind = kind } : line(probe) };
        var trace = Run(wire, Options(cycles: 2));
        Assert.Equal(Enumerable.Range(1, 12), trace.Hops.Select(hop => hop.Ttl));
        Assert.All(trace.Hops, hop => Assert.Equal((2, 2), (hop.Sent, hop.Received)));
        Assert.Equal(kind, Assert.Single(trace.Hops[0].Nodes[0].Replies).Kind);
        Assert.Equal(12, trace.ReachedTtl);
    }

    [Fact]
    public void Time_exceeded_from_the_targets_own_address_is_not_the_target()
    {
        var line = LineWire.Line(6);
        using var wire = new LineWire { Answer = probe => probe.Ttl == 3 ? line(probe)! with { From = LineWire.Target } : line(probe) };
        Assert.Equal(6, Run(wire, Options(cycles: 1)).ReachedTtl);
    }

    [Fact]
    public void An_unreached_target_is_searched_to_the_last_ttl()
    {
        using var wire = new LineWire { Answer = probe => probe.Ttl < 7 ? LineWire.Line(99)(probe) : null };
        var trace = Run(wire, Options(cycles: 1));
        Assert.Equal((false, StopReason.MaxTtl, 30), (trace.Reached, trace.StopReason, trace.Hops[^1].Ttl));
        Assert.Equal(1.0, trace.Hops[^1].Loss);
        Assert.Equal(0.0, trace.Hops[5].Loss);
    }

    [Fact]
    public void A_router_at_the_last_ttl_is_shown_like_any_other()
    {
        using var wire = new LineWire { Answer = LineWire.Line(9) };
        var trace = Run(wire, Options(cycles: 1) with { MaxTtl = 3 });
        Assert.Equal((false, StopReason.MaxTtl, 3), (trace.Reached, trace.StopReason, trace.Hops.Count));
    }

    [Fact]
    public void Later_cycles_send_no_probe_beyond_the_target()
    {
        using var wire = new LineWire { Answer = LineWire.Line(9) };
        Run(wire, Options(cycles: 10));
        Assert.DoesNotContain(wire.Sent, sent => sent.AtNs >= Second && sent.Probe.Ttl > 9);
        Assert.Equal(12 + 9 * 9, wire.Sent.Count);
    }

    [Fact]
    public void A_path_that_grows_during_the_run_is_followed()
    {
        var (before, after) = (LineWire.Line(6), LineWire.Line(9));
        LineWire? wire = null;
        using var made = wire = new LineWire { Answer = probe => (wire!.NowNs < 5 * Second ? before : after)(probe) };
        var trace = Run(made, Options(cycles: 10));
        Assert.Contains(made.Sent, sent => sent.AtNs >= 5 * Second && sent.Probe.Ttl == 9);
        Assert.True(trace.Reached);
    }

    [Fact]
    public void A_target_that_limits_its_answers_is_not_searched_for_behind_itself()
    {
        var line = LineWire.Line(5, atTarget: ReplyKind.PortUnreachable);
        LineWire? wire = null;
        using var made = wire = new LineWire { Answer = probe => probe.Ttl >= 5 && wire!.NowNs / Second % 2 == 1 ? null : line(probe) };
        var trace = Run(made, Options(cycles: 10, protocol: ProbeProtocol.Udp));
        Assert.DoesNotContain(made.Sent, sent => sent.AtNs >= Second && sent.Probe.Ttl > 5);
        Assert.Contains("rate limit possible", trace.Hops[4].Notes);
        Assert.Null(trace.Hops[4].Loss);
        Assert.All(trace.Hops.Take(4), hop => Assert.Equal(0.0, hop.Loss));
    }

    [Fact]
    public void Flows_have_their_own_ends()
    {
        var (near, far) = (LineWire.Line(5), LineWire.Line(8));
        using var wire = new LineWire { Answer = probe => (probe.Flow.Id == 1 ? near : far)(probe) };
        var trace = Run(wire, Options(cycles: 3, flows: 2));
        Assert.Equal(8, trace.Hops.Count);
        Assert.Equal(6, trace.Hops[3].Sent);
        Assert.Equal(3, trace.Hops[6].Sent);
        Assert.Equal([1, 2], trace.Hops[0].Nodes[0].Flows);
        Assert.DoesNotContain(trace.Hops[7].Nodes, node => node.Flows.Contains(1));
        Assert.All(trace.Links, link => Assert.NotEmpty(link.Flows));
    }

    [Fact]
    public void No_more_than_the_ceiling_leaves_in_any_second()
    {
        using var wire = new LineWire { Answer = LineWire.Line(20) };
        var trace = Run(wire, Options(cycles: 3, flows: 64) with { IntervalNs = Millisecond, MaxPerSecond = 200 });
        var times = wire.Sent.ConvertAll(sent => sent.AtNs);
        for (var i = 200; i < times.Count; i++)
        {
            Assert.True(times[i] - times[i - 200] >= Second, $"201 probes in {times[i] - times[i - 200]} ns");
        }

        Assert.All(trace.Hops, hop => Assert.Equal(3 * 64, hop.Received));
    }

    [Fact]
    public void No_more_than_fifty_a_second_go_to_one_ttl_over_ten_seconds()
    {
        using var wire = new LineWire { Answer = LineWire.Line(2) };
        Run(wire, Options(cycles: 2000) with { IntervalNs = Millisecond, MaxTtl = 2 });
        var times = wire.Sent.Where(sent => sent.Probe.Ttl == 1).Select(sent => sent.AtNs).ToList();
        for (var i = 500; i < times.Count; i++)
        {
            Assert.True(times[i] - times[i - 500] >= 10 * Second);
        }
    }

    [Fact]
    public void What_a_full_queue_of_this_host_refused_is_sent_again_and_counted_once()
    {
        var refused = 0;
        using var wire = new LineWire { Answer = LineWire.Line(9), Status = probe => probe.Ttl == 4 && refused++ < 3 ? SendStatus.Busy : SendStatus.Sent };
        var trace = Run(wire, Options(cycles: 1));
        Assert.All(trace.Hops, hop => Assert.Equal((1, 1), (hop.Sent, hop.Received)));
        Assert.Equal(9, trace.ReachedTtl);
        Assert.Equal(wire.Sent.Count, trace.Probes!.Count);
    }

    [Fact]
    public void A_host_that_sends_nothing_at_all_ends_the_trace_with_the_reason()
    {
        using var wire = new LineWire { Answer = _ => null, Status = _ => SendStatus.NoRoute };
        var tracer = new Tracer(Options(cycles: 10), new ProbeNumbers());
        Assert.Equal(SweepEnd.Done, SweepLoop.Run(tracer, wire, long.MaxValue, default));
        Assert.Equal(SendStatus.NoRoute, tracer.SendError);
        Assert.True(wire.NowNs < Second);
    }

    [Fact]
    public void Of_an_interrupted_run_nothing_in_flight_counts_as_lost()
    {
        using var wire = new LineWire { Answer = LineWire.Line(9, 400 * Millisecond) };
        var tracer = new Tracer(Options(cycles: 10), new ProbeNumbers());
        var end = SweepLoop.Run(tracer, wire, 1300 * Millisecond, default);
        var trace = new TraceEvidenceBuilder(tracer, 0, _ => null).Build("t", end, 0);
        Assert.Equal(StopReason.Deadline, trace.StopReason);
        Assert.All(trace.Hops, hop => Assert.Equal((1, 1, 0.0), (hop.Sent, hop.Received, hop.Loss)));
    }

    [Fact]
    public void The_first_of_two_answers_counts_and_the_second_still_reaches()
    {
        var line = LineWire.Line(3, atTarget: ReplyKind.Reset);
        using var wire = new LineWire { Answer = line };
        var tracer = new Tracer(Options(cycles: 1) with { MaxTtl = 3 }, new ProbeNumbers());
        var send = new List<ProbePacket>();
        tracer.Step(0, [], send);
        var last = send[^1].Number;
        Reply[] replies =
        [
            new() { Number = last, From = LineWire.Hop(2), Kind = ReplyKind.AdminProhibited, SentNs = 0, ReceivedNs = 5 },
            new() { Number = last, From = LineWire.Target, Kind = ReplyKind.Reset, SentNs = 0, ReceivedNs = 9 },
        ];
        tracer.Step(10, replies, send);
        var trace = new TraceEvidenceBuilder(tracer, 0, _ => null).Build("t", SweepEnd.Interrupted, 0);
        Assert.True(trace.Reached);
        Assert.Equal((1, 1), trace.Hops[^1] is var hop ? (hop.Sent, hop.Received) : default);
        Assert.Equal(ReplyKind.AdminProhibited, Assert.Single(trace.Hops[^1].Nodes).Replies[0].Kind);
    }

    private static TraceEvidence Run(LineWire wire, TraceOptions options)
    {
        var tracer = new Tracer(options, new ProbeNumbers());
        var end = SweepLoop.Run(tracer, wire, 10_000 * Second, default);
        Assert.Equal(SweepEnd.Done, end);
        return new TraceEvidenceBuilder(tracer, 0, _ => null).Build("target", end, 0);
    }

    private static TraceOptions Options(int cycles, int flows = 1, ProbeProtocol protocol = ProbeProtocol.Icmp) => new()
    {
        Target = LineWire.Target,
        Source = LineWire.Hop(0),
        Protocol = protocol,
        Flows = [.. Enumerable.Range(1, flows).Select(id => new Flow(id, (ushort)(33_000 + id), 33_434, (ushort)id))],
        Cycles = cycles,
        Size = 60,
    };

    private static int TtlOf(LineWire wire, Reply reply) => wire.Sent.First(sent => sent.Probe.Number == reply.Number).Probe.Ttl;
}
