using Probe.Cli.Parsing;
using Probe.Core.Probing;
using Probe.Core.Tracing;
using Probe.Core.Vocabulary;

namespace Probe.Cli.Trace;

/// <summary>What the user wants to see of a trace.</summary>
internal enum TraceOutput
{
    /// <summary>A table for people.</summary>
    Table,

    /// <summary>A view that changes as answers come, and the table at its end.</summary>
    Live,

    /// <summary>One line for each of several targets.</summary>
    Lines,

    /// <summary>The document.</summary>
    Json,

    /// <summary>The document, one trace per line as each is finished.</summary>
    Ndjson,

    /// <summary>One row a node.</summary>
    Csv,

    /// <summary>A graph for Graphviz.</summary>
    Dot,

    /// <summary>A Mermaid flowchart.</summary>
    Mermaid,

    /// <summary>A block for a ticket, in the shape of <c>mtr -rwn</c>.</summary>
    Paste,
}

/// <summary>How all paths are searched.</summary>
/// <param name="Confidence">Percent, above 0 and below 100.</param>
/// <param name="Scope">What the confidence is of.</param>
/// <param name="MaxProbes">Most probes of the search.</param>
internal sealed record SearchRequest(double Confidence, ConfidenceScope Scope, int MaxProbes);

/// <summary>What <c>probe trace</c> was asked to do; nothing in it contradicts itself.</summary>
internal sealed record TraceRequest
{
    /// <summary>The host; <see cref="TargetName.None"/> when there is a list of them.</summary>
    public required TargetName Target { get; init; }

    /// <summary>Transport of the probes.</summary>
    public required ProbeProtocol Protocol { get; init; }

    /// <summary>Destination port; null for ICMP.</summary>
    public required ushort? Port { get; init; }

    /// <summary>First TTL, 1 to 255.</summary>
    public required byte FirstTtl { get; init; }

    /// <summary>Last TTL, not below the first.</summary>
    public required byte MaxTtl { get; init; }

    /// <summary>Cycles: probes to each TTL and flow; <see cref="int.MaxValue"/> until stopped, 0 for a search and nothing more.</summary>
    public required int Count { get; init; }

    /// <summary>From the start of one cycle to the next.</summary>
    public required Duration Interval { get; init; }

    /// <summary>Octets of one probe, IP header included; null for the smallest that its headers allow.</summary>
    public required int? Size { get; init; }

    /// <summary>Flows, each constant over all TTLs.</summary>
    public required int Flows { get; init; }

    /// <summary>Sweeps the TTL of the outermost tunnel header instead of the probe's own.</summary>
    public bool SweepsOuter { get; init; }

    /// <summary>How all paths are searched; null for the fixed flows.</summary>
    public SearchRequest? Search { get; init; }

    /// <summary>How to show the result.</summary>
    public required TraceOutput Output { get; init; }

    /// <summary>File for the picture of the path; null for none.</summary>
    public string? PictureFile { get; init; }

    /// <summary>Ask DNS for AS numbers.</summary>
    public bool AskSystems { get; init; }

    /// <summary>Table of AS numbers; null for none.</summary>
    public string? SystemsFile { get; init; }

    /// <summary>AS numbers were asked for, one way or the other.</summary>
    public bool ShowsSystems => AskSystems || SystemsFile is not null;

    /// <summary>Take sockets that need no privilege, though raw ones may be allowed.</summary>
    public bool Unprivileged { get; init; }

    /// <summary>A target that never answers is no fault.</summary>
    public required bool AllowUnreached { get; init; }

    /// <summary>What every probe of the run has in common.</summary>
    public required ProbingOptions Probing { get; init; }

    /// <summary>What it asks of the sweep, towards one target or many.</summary>
    public TtlSweepOptions Sweep => new(Probing.Sweep)
    {
        Protocol = Protocol,
        FirstTtl = FirstTtl,
        MaxTtl = MaxTtl,
        Cycles = Count,
        IntervalNs = Interval.Ns,
        SweepsOuter = SweepsOuter,
    };

    /// <summary>The same with another protocol; a port that was named belongs to the protocol it was named for.</summary>
    public TraceRequest With(ProbeProtocol protocol) =>
        protocol == Protocol ? this : this with { Protocol = protocol, Port = DefaultPorts.Of(protocol) };

    /// <summary>Refuses a size that no probe of the protocol fits in, or that leaves no room for a tunnel's headers.</summary>
    /// <exception cref="UserError">Wrong usage.</exception>
    public static void CheckSize(int size, ProbeProtocol protocol, bool v6, int overhead = 0)
    {
        if (size + overhead > ushort.MaxValue)
        {
            throw UserError.Usage($"--size {size} is too large: --via adds {overhead} octets, and a packet has {ushort.MaxValue} at most");
        }

        var smallest = ProbeWriter.MinimumSize(protocol, v6);
        if (size < smallest)
        {
            throw UserError.Usage(
                $"--size {size} is too small for {protocol.ToString().ToUpperInvariant()}: a probe takes {smallest} octets at least");
        }
    }
}
