using Probe.Core.Evidence;
using Probe.Core.Vocabulary;

namespace Probe.Testing;

/// <summary>Documents of small traces, as the tracer writes them.</summary>
internal static class Samples
{
    /// <summary>2026-11-21T04:51:00.12Z.</summary>
    public static readonly Instant Start = new(1_795_236_660_120_000_000);

    public static Bundle Document(params TraceEvidence[] traces) => new()
    {
        Tool = new ToolInfo("probe", "0.1.0"),
        Command = ["probe", "trace", "--tcp", "-p", "443", "example.net"],
        Started = Start,
        Ended = Start.Plus(9_212_345_678),
        Complete = true,
        EndReason = SweepEnd.Done,
        Host = new HostFacts { Name = "prober", Kernel = "6.18.5", BootId = "7d0f", NetworkNamespace = 4026531840, Capabilities = ["CAP_NET_RAW"] },
        Traces = traces,
        Gaps = [new Gap("drops", "not asked for")],
    };

    public static TraceEvidence Trace(bool reached, params HopEvidence[] hops) => new()
    {
        Target = "example.net",
        Address = "203.0.113.9",
        Protocol = ProbeProtocol.Tcp,
        Port = 443,
        Source = "10.0.0.2",
        Size = 60,
        Reached = reached,
        ReachedTtl = reached ? hops[^1].Ttl : null,
        StopReason = reached ? StopReason.Target : StopReason.MaxTtl,
        Hops = hops,
        Flows = [new FlowEvidence { Id = 1, Kind = FlowKind.Ports, SourcePort = 40001, DestinationPort = 443, Reached = reached, Sent = 40, Received = 40 }],
    };

    public static HopEvidence Hop(int ttl, params NodeEvidence[] nodes) =>
        new() { Ttl = ttl, Sent = 10, Received = nodes.Sum(n => n.Received), Loss = 0, RateLimited = 0, Nodes = nodes };

    /// <summary>A hop that answered only some of ten probes although later hops prove that all passed.</summary>
    public static HopEvidence LimitedHop(int ttl, NodeEvidence node) =>
        new() { Ttl = ttl, Sent = 10, Received = node.Received, Loss = 0, RateLimited = 1 - node.Received / 10.0, Nodes = [node] };

    public static HopEvidence SilentHop(int ttl, double? loss = 0, double? rateLimited = 1) =>
        new() { Ttl = ttl, Sent = 10, Received = 0, Loss = loss, RateLimited = rateLimited, Nodes = [] };

    public static NodeEvidence Node(string address, ReplyKind kind = ReplyKind.TimeExceeded, int? type = 11, int? code = 0,
        int received = 10, string? name = null, int? mtu = null, bool? implausible = null) => new()
    {
        Address = address,
        Name = name,
        Sent = 10,
        Received = received,
        Loss = 1 - received / 10.0,
        RttNs = new RttEvidence { Min = 301_499, Avg = 1_000_500, Max = 12_345_678, Stddev = 5, Jitter = 7, P50 = 1_000_000, P99 = 12_000_000, Last = 400_000 },
        Flows = [1],
        Balancing = NodeBalancing.Single,
        Replies = [new ReplyEvidence { Kind = kind, Type = type, Code = code, Count = received, Mtu = mtu, Implausible = implausible }],
    };

    /// <summary>The target's own SYN-ACK.</summary>
    public static NodeEvidence Target() => Node("203.0.113.9", ReplyKind.SynAck, null, null);

    /// <summary>The hop that answers "fragmentation needed, MTU 9000" to a probe of 60 octets.</summary>
    public static NodeEvidence LyingNode(string? name = null) =>
        Node("10.8.0.1", ReplyKind.FragmentationNeeded, 3, 4, name: name, mtu: 9000, implausible: true);

    /// <summary>Four hops, the second lies, the third is silent.</summary>
    public static Bundle LyingHop(string? name = null) =>
        Document(Trace(reached: true, Hop(1, Node("10.0.0.1")), Hop(2, LyingNode(name)), SilentHop(3), Hop(4, Target())));
}
