using Probe.Cli.Live;
using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Tracing;
using Probe.Core.Vocabulary;

namespace Probe.Cli.Tests.Live;

/// <summary>A run in the middle: two parallel routers, a throttled one, one that lies about its MTU, a target that loses a fifth.</summary>
internal static class LiveSamples
{
    private const long Ms = 1_000_000;

    public static LiveSnapshot Middle() => new()
    {
        Run = new TraceSnapshot
        {
            Trace = Trace(),
            Recent =
            [
                [],
                Line("10.0.0.1", 1, 1, 1, 1, 1, 1, 1, 1, 1, 1),
                [.. Line("10.0.1.2", 2, 2, 9, 2, 2), .. Line("10.0.2.2", 5, 5, 5, 5, 8), Lost(2)],
                Line("10.0.3.2", 3, 0, 3, 0, 3, 0, 3, 0, 3, 0),
                [],
                Line("203.0.113.9", 10, 12, 0, 14, 16, 0, 18, 20, 25, 30),
            ],
            Cycles = 10,
            Sent = 52,
            Answered = 37,
            Paused = false,
        },
        Started = Instant.TryParse("2026-11-21T04:51:00.120000000Z", out var started) ? started : default,
        ElapsedNs = 3_725 * 1000 * Ms,
        Findings = [Finding("PRB-PATH-005", Severity.Degraded, "one"), Finding("PRB-PATH-001", Severity.Info, "two")],
    };

    public static TraceEvidence Trace() => new()
    {
        Target = "web.example",
        Address = "203.0.113.9",
        Protocol = ProbeProtocol.Udp,
        Port = 33434,
        Source = "10.0.0.7",
        Size = 60,
        Reached = true,
        ReachedTtl = 5,
        StopReason = StopReason.Interrupted,
        Flows = [Flow(1), Flow(2)],
        Hops =
        [
            Hop(1, 10, 10, 0, Node("10.0.0.1", "gw.example", 10, 10, 1)),
            Hop(2, 11, 10, 0, Node("10.0.1.2", null, 5, 5, 2) with { Flows = [1] }, Node("10.0.2.2", "日本.example", 6, 5, 5) with { Flows = [2] }),
            Hop(3, 10, 5, 0, Node("10.0.3.2", "evil\e[2J", 10, 5, 3) with
            {
                Replies = [new ReplyEvidence { Kind = ReplyKind.FragmentationNeeded, Type = 3, Code = 4, Count = 5, Mtu = 9000, Implausible = true }],
            }) with { RateLimited = 0.5 },
            Hop(4, 10, 0, 0),
            Hop(5, 10, 8, 0.2, Node("203.0.113.9", null, 10, 8, 18)),
        ],
    };

    public static LiveSnapshot With(this LiveSnapshot snapshot, Func<TraceSnapshot, TraceSnapshot> change) => snapshot with { Run = change(snapshot.Run) };

    private static FlowEvidence Flow(int id) =>
        new() { Id = id, Kind = FlowKind.Ports, SourcePort = 40_000 + id, DestinationPort = 33434, Reached = true, Sent = 26, Received = 18 };

    private static HopEvidence Hop(int ttl, int sent, int received, double loss, params NodeEvidence[] nodes) => new()
    {
        Ttl = ttl,
        Sent = sent,
        Received = received,
        Loss = loss,
        RateLimited = 0,
        Nodes = nodes,
    };

    private static NodeEvidence Node(string address, string? name, int sent, int received, long ms) => new()
    {
        Address = address,
        Name = name,
        Sent = sent,
        Received = received,
        Loss = 0,
        RttNs = new RttEvidence
        {
            Min = ms * Ms, Avg = ms * Ms * 3 / 2, Max = ms * Ms * 2, Stddev = Ms / 4, Jitter = Ms / 8, P50 = ms * Ms + 1000, P99 = ms * Ms * 2 - 1000, Last = ms * Ms + Ms,
        },
        Flows = [1, 2],
        Balancing = NodeBalancing.Single,
        ReplyTtl = 60,
        Replies = [new ReplyEvidence { Kind = address == "203.0.113.9" ? ReplyKind.PortUnreachable : ReplyKind.TimeExceeded, Type = 11, Code = 0, Count = received }],
    };

    private static RecentProbe[] Line(string from, params long[] ms) =>
        [.. ms.Select(value => value == 0 ? Lost(1) : new RecentProbe(1, IpAddress.Parse(from), value * Ms))];

    private static RecentProbe Lost(int flow) => new(flow, default, RttNs: null);

    private static Finding Finding(string rule, Severity severity, string title) => new()
    {
        Rule = rule, Title = title, Severity = severity, Confidence = Confidence.Proved, Where = "", Summary = "", Evidence = [],
    };
}
