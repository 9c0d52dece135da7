using System.Diagnostics;
using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;

namespace Probe.Core.PathMtu;

/// <summary>What a search for the path MTU asks. Defaults are those of <c>probe mtu</c>.</summary>
public sealed record PathMtuOptions : SweepOptions
{
    /// <summary>Takes the defaults.</summary>
    public PathMtuOptions()
    {
    }

    /// <param name="sweep">What every sweep goes by.</param>
    public PathMtuOptions(SweepOptions sweep)
        : base(sweep)
    {
    }

    /// <summary>The address probed: destination of the (inner) packets.</summary>
    public required IpAddress Target { get; init; }

    /// <summary>Source address of the (inner) packets.</summary>
    public required IpAddress Source { get; init; }

    /// <summary>Transport of the probes.</summary>
    public required ProbeProtocol Protocol { get; init; }

    /// <summary>Which segment, for TCP. From outside towards a load balancer only a SYN is proof.</summary>
    public TcpSegmentKind Segment { get; init; }

    /// <summary>
    /// The flow with this index, from 0; null when there is none. The search itself stays on flow 0; the <see cref="OtherFlows"/> after it
    /// are asked for once it is done.
    /// </summary>
    public required Func<int, Flow?> FlowAt { get; init; }

    /// <summary>Flows compared with the first one when its search is done.</summary>
    public int OtherFlows { get; init; }

    /// <summary>Headers outside that of the probe, outermost first; empty for a plain search.</summary>
    public EncapsulationStack Via { get; init; }

    /// <summary>MTU of the first link or route towards the outermost destination, octets of the outermost packet.</summary>
    public required int FirstHopMtu { get; init; }

    /// <summary>Largest (inner) size tried, octets; null for what the first link takes.</summary>
    public int? LargestSize { get; init; }

    /// <summary>Smallest (inner) size tried, octets; null for 68, 100 over IPv6.</summary>
    public int? SmallestSize { get; init; }

    /// <summary>Most probes, all flows together.</summary>
    public int MaxProbes { get; init; } = 200;

    /// <summary>
    /// The target is the address of a load balancer, asked from outside: it answers echo requests, stray segments and SYNs to ports without
    /// a service itself, so only a SYN-ACK proves that a size went through.
    /// </summary>
    public bool AskedFromOutside { get; init; }

    /// <summary>Finds the hop behind which a silent path loses large packets, with probes of limited TTL.</summary>
    public bool Locate { get; init; } = true;

    /// <summary>
    /// Other ways to ask whose answers stay small. They tell a limit on the way back from one on the way there when echo requests find one,
    /// and are asked in this order, without a tunnel SYNs first, until one is answered. Empty: it is not told.
    /// </summary>
    public IReadOnlyList<PathMtuQuestion> CrossChecks { get; init; } = [];
}

/// <summary>One way to ask: transport, segment and flow.</summary>
/// <param name="Protocol">Transport.</param>
/// <param name="Flow">The flow.</param>
/// <param name="Segment">Which segment, for TCP.</param>
public sealed record PathMtuQuestion(ProbeProtocol Protocol, Flow Flow, TcpSegmentKind Segment = TcpSegmentKind.Syn)
{
    /// <summary>What an answer to it proves.</summary>
    public PathMtuProof Proof => Protocol switch
    {
        ProbeProtocol.Icmp => PathMtuProof.Echo,
        ProbeProtocol.Udp => PathMtuProof.Udp,
        ProbeProtocol.Tcp => Segment == TcpSegmentKind.Syn ? PathMtuProof.SynPayload : PathMtuProof.Ack,
        _ => throw new UnreachableException($"nobody said what an answer over {Protocol} proves"),
    };
}

/// <summary>What a search is doing.</summary>
public enum PathMtuPhase
{
    /// <summary>The smallest and the largest size.</summary>
    Bounds,

    /// <summary>What ICMP named, and common sizes.</summary>
    Likely,

    /// <summary>Sizes between the largest answered and the smallest lost.</summary>
    Narrowing,

    /// <summary>The exact size is known; its losses are being told from chance.</summary>
    Confirming,

    /// <summary>Other ways to ask.</summary>
    CrossChecking,

    /// <summary>Where large packets vanish.</summary>
    Locating,

    /// <summary>Other flows.</summary>
    OtherFlows,

    /// <summary>Nothing is left to do.</summary>
    Done,
}
