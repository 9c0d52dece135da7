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
        using var wire = new LineWire { Answer = _ => new LineWire.ProbeState(LineWire.Target, kind, Millisecond, Layer: 1) };
        var trace = Run(wire, sweepsOuter: false);
        Assert.Equal((false, null, StopReason.Tunnel), (trace.Reached, trace.ReachedTtl, trace.StopReason));
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
                2 => new LineWire.ProbeState(LineWire.Hop(2), ReplyKind.HostUnreachable, Millisecond, Layer: 1),
                < 4 => new LineWire.ProbeState(LineWire.Hop(probe.OuterTtl), ReplyKind.TimeExceeded, Millisecond, Layer: 1),
                _ => new LineWire.ProbeState(s_end, ReplyKind.PortUnreachable, Millisecond, Layer: 1),
            },
        };
        var trace = Run(wire, sweepsOuter: true);
        Assert.Equal([1, 2, 3, 4], trace.Hops.Select(hop => hop.Ttl));
        Assert.Equal((s_end.ToString(), StopReason.Tunnel, (SweptTtl?)SweptTtl.Outer), (trace.Hops[^1].Nodes[0].Address, trace.StopReason, trace.Sweep));
        Assert.All(wire.Sent, sent => Assert.Equal(64, sent.Probe.Ttl));
        Assert.All(wire.Sent, sent => Assert.Equal("gue:192.0.2.77", EncapsulationText.Of(Assert.Single(sent.Probe.Via.Layers))));
    }

    [Fact]
    public void An_inner_sweep_leaves_the_outer_TTL_alone_and_goes_on_past_what_is_said_of_a_packet_too_large()
    {
        using var wire = new LineWire
        {
            Answer = probe => probe.Ttl >= 5
                ? new LineWire.ProbeState(LineWire.Target, ReplyKind.EchoReply, Millisecond)
                : new LineWire.ProbeState(s_end, ReplyKind.FragmentationNeeded, Millisecond, 1400, Layer: 1),
        };
        var trace = Run(wire, sweepsOuter: false);
        Assert.Equal((true, 5), (trace.Reached, trace.ReachedTtl));
        Assert.All(wire.Sent, sent => Assert.Equal(0, sent.Probe.OuterTtl));
    }

    [Theory]
    [InlineData("gue:192.0.2.77", true, ProbeProtocol.Udp, FlowKind.OuterPort)]
    [InlineData("gue:192.0.2.77", true, ProbeProtocol.Icmp, FlowKind.OuterPort)]
    [InlineData("gue:[2001:db8::77]", true, ProbeProtocol.Udp, FlowKind.OuterPort)]
    [InlineData("gue:192.0.2.77", false, ProbeProtocol.Udp, FlowKind.Ports)]
    [InlineData("gue:192.0.2.77,sport=7777", true, ProbeProtocol.Udp, FlowKind.Ports)]
    [InlineData("gue:[2001:db8::77],sport=7777", true, ProbeProtocol.Udp, FlowKind.FlowLabel)]
    [InlineData("ipip:192.0.2.77", true, ProbeProtocol.Icmp, FlowKind.IcmpChecksum)]
    [InlineData("ipip:[2001:db8::77]", true, ProbeProtocol.Udp, FlowKind.FlowLabel)]
    [InlineData("gre:[2001:db8::77]", true, ProbeProtocol.Icmp, FlowKind.FlowLabel)]
    public void Flows_are_told_apart_by_what_the_routers_of_the_swept_path_see(string via, bool sweepsOuter, ProbeProtocol protocol, FlowKind kind)
    {
        using var wire = new LineWire { Answer = _ => new LineWire.ProbeState(LineWire.Target, ReplyKind.TimeExceeded, Millisecond) };
        var flows = Run(wire, sweepsOuter, via, protocol, flows: 2).Flows;
        Assert.All(flows, flow => Assert.Equal(kind, flow.Kind));
        foreach (var (flow, written) in flows.Zip(wire.Sent.Select(sent => sent.Probe).GroupBy(probe => probe.Flow.Id).OrderBy(probes => probes.Key)))
        {
            Assert.Equal(kind == FlowKind.FlowLabel ? OuterLabel(written.First()) : null, flow.FlowLabel);
        }

        if (kind is FlowKind.FlowLabel or FlowKind.OuterPort)
        {
            Assert.NotEqual((flows[0].FlowLabel, flows[0].OuterSourcePort), (flows[1].FlowLabel, flows[1].OuterSourcePort));
        }
    }

    /// <summary>The flow label of a probe's outermost header, as it leaves.</summary>
    private static int OuterLabel(ProbePacket probe)
    {
        var packet = new byte[probe.Via.Overhead + probe.Size];
        var length = new ProbeWriter(new ProbeCookies()).Write(probe, packet.AsSpan(probe.Via.Overhead));
        EncapsulationWriter.Wrap(probe.Via, packet, length, new OuterFields { Sources = [IpAddress.Parse("2001:db8::1")] });
        return (packet[1] & 0xf) << 16 | packet[2] << 8 | packet[3];
    }

    private static TraceEvidence Run(LineWire wire, bool sweepsOuter, string via = "gue:192.0.2.77", ProbeProtocol protocol = ProbeProtocol.Udp, int flows = 1)
    {
        Assert.True(EncapsulationText.TryParse(via, out var layer, out _));
        var tracer = new Tracer(new TraceOptions
        {
            Target = LineWire.Target,
            Source = IpAddress.Parse("198.51.100.1"),
            Protocol = protocol,
            Flows = [.. Enumerable.Range(1, flows).Select(id => new Flow(id, (ushort)(40_000 + id), 33434, (ushort)(0x1111 * id)))],
            Size = 60,
            Cycles = 1,
            Via = new EncapsulationStack(ImmutableArray.Create(layer)),
            SweepsOuter = sweepsOuter,
        }, new ProbeNumbers());
        var end = SweepLoop.Run(tracer, wire, long.MaxValue, default);
        return new TraceEvidenceBuilder(tracer, 0, _ => null) { Via = ["gue:192.0.2.77"] }.Build("vip", end, 0);
    }
}
