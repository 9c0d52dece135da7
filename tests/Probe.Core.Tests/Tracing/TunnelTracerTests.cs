using System.Collections.Immutable;
using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Tracing;
using Probe.Core.Vocabulary;

namespace Probe.Core.Tests.Tracing;

/// <summary>What answers about a tunnel's own packets mean to a sweep.</summary>
public class TunnelTracerTests
{
    private const long Millisecond = 1_000_000;

    private static readonly IpAddress s_end = IpAddress.Parse("192.0.2.77");

    [Theory]
    [InlineData(ReplyKind.PortUnreachable)]
    [InlineData(ReplyKind.ProtocolUnreachable)]
    [InlineData(ReplyKind.HostUnreachable)]
    public void A_tunnel_that_is_refused_ends_the_sweep_with_one_hop_and_is_not_the_target(ReplyKind kind)
    {
        // The end of the tunnel has the target's own address: still it is no answer to what is inside.
        using var wire = new LineWire { Answer = _ => new LineWire.Fate(LineWire.Target, kind, Millisecond, Layer: 1) };
        var trace = Run(wire, sweepsOuter: false);
        Assert.Equal((false, null, TraceEvidence.StoppedByTunnel), (trace.Reached, trace.ReachedTtl, trace.StopReason));
        var hop = Assert.Single(trace.Hops);
        Assert.Equal((1, 1, 1), (hop.Ttl, Assert.Single(hop.Nodes).Replies[0].Layer, trace.Hops[0].Received));
        Assert.Equal(8, wire.Sent.Count);
    }

    [Fact]
    public void Of_an_outer_sweep_only_the_end_that_takes_nothing_is_the_last_hop()
    {
        using var wire = new LineWire
        {
            Answer = probe => probe.OuterTtl switch
            {
                2 => new LineWire.Fate(LineWire.Hop(2), ReplyKind.HostUnreachable, Millisecond, Layer: 1),
                < 4 => new LineWire.Fate(LineWire.Hop(probe.OuterTtl), ReplyKind.TimeExceeded, Millisecond, Layer: 1),
                _ => new LineWire.Fate(s_end, ReplyKind.PortUnreachable, Millisecond, Layer: 1),
            },
        };
        var trace = Run(wire, sweepsOuter: true);
        Assert.Equal([1, 2, 3, 4], trace.Hops.Select(hop => hop.Ttl));
        Assert.Equal((s_end.ToString(), TraceEvidence.StoppedByTunnel, TraceEvidence.OuterSweep), (trace.Hops[^1].Nodes[0].Address, trace.StopReason, trace.Sweep));
        Assert.All(wire.Sent, sent => Assert.Equal(64, sent.Probe.Ttl));
        Assert.All(wire.Sent, sent => Assert.Equal("gue:192.0.2.77", EncapsulationText.Of(Assert.Single(sent.Probe.Via.Layers))));
    }

    [Fact]
    public void An_inner_sweep_leaves_the_outer_TTL_alone_and_goes_on_past_what_is_said_of_a_packet_too_large()
    {
        using var wire = new LineWire
        {
            Answer = probe => probe.Ttl >= 5
                ? new LineWire.Fate(LineWire.Target, ReplyKind.EchoReply, Millisecond)
                : new LineWire.Fate(s_end, ReplyKind.FragmentationNeeded, Millisecond, 1400, Layer: 1),
        };
        var trace = Run(wire, sweepsOuter: false);
        Assert.Equal((true, 5), (trace.Reached, trace.ReachedTtl));
        Assert.All(wire.Sent, sent => Assert.Equal(0, sent.Probe.OuterTtl));
    }

    private static TraceEvidence Run(LineWire wire, bool sweepsOuter)
    {
        Assert.True(EncapsulationText.TryParse("gue:192.0.2.77", out var layer, out _));
        var tracer = new Tracer(new TraceOptions
        {
            Target = LineWire.Target,
            Source = IpAddress.Parse("198.51.100.1"),
            Protocol = ProbeProtocol.Udp,
            Flows = [new Flow(1, 40_000, 33434)],
            Size = 60,
            Cycles = 1,
            Via = new EncapsulationStack(ImmutableArray.Create(layer)),
            SweepsOuter = sweepsOuter,
        }, new ProbeNumbers());
        var end = SweepLoop.Run(tracer, wire, long.MaxValue, default);
        return new TraceEvidenceBuilder(tracer, 0, _ => null) { Via = ["gue:192.0.2.77"] }.Build("vip", end, 0);
    }
}
