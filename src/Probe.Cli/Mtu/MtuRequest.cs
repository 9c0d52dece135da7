using Probe.Cli.Parsing;
using Probe.Core.Packets;
using Probe.Core.TcpTests;
using Probe.Core.Vocabulary;

namespace Probe.Cli.Mtu;

/// <summary>How path MTUs are shown.</summary>
internal enum MtuOutput
{
    /// <summary>A table and a drawing for people.</summary>
    Table,

    /// <summary>The document.</summary>
    Json,

    /// <summary>The document, one path MTU a line as each is found.</summary>
    Ndjson,

    /// <summary>One row a path MTU.</summary>
    Csv,
}

/// <summary>What <c>probe mtu</c> was asked to do; nothing in it contradicts itself.</summary>
internal sealed record MtuRequest
{
    /// <summary>Flows besides the first unless told otherwise.</summary>
    public const int OtherFlows = 8;

    /// <summary>Most probes of one target unless told otherwise.</summary>
    public const int MostProbes = 200;

    /// <summary>The targets, each alone or a real server behind it.</summary>
    public required IReadOnlyList<MtuTarget> Targets { get; init; }

    /// <summary>What the user's list of services has besides, and why it is not searched.</summary>
    public IReadOnlyList<string> Skipped { get; init; } = [];

    /// <summary>Transport of the probes; null for echo requests with SYNs and ACKs to tell the directions apart.</summary>
    public required ProbeProtocol? Protocol { get; init; }

    /// <summary>Destination port.</summary>
    public required ushort Port { get; init; }

    /// <summary>Flows besides the first, asked once it is done.</summary>
    public required int Flows { get; init; }

    /// <summary>Most probes of one target.</summary>
    public required int MaxProbes { get; init; }

    /// <summary>The only result that is no fault; null for any.</summary>
    public int? Expected { get; init; }

    /// <summary>How to show the result.</summary>
    public required MtuOutput Output { get; init; }

    /// <summary>What established connections are to show; null for none.</summary>
    public MtuConversations? Conversations { get; init; }

    /// <summary>What every probe of the run has in common.</summary>
    public required ProbingOptions Probing { get; init; }
}

/// <summary>One search.</summary>
/// <param name="Host">The host, a virtual address where a real server stands behind it.</param>
/// <param name="Via">The tunnels to it, outermost first; empty for none.</param>
/// <param name="Port">Port of the service; null for that of the request.</param>
/// <param name="Real">The real server asked, as the table of the balancer has it; null for the host itself.</param>
/// <param name="Service">The host is a load balancer's address and asked from outside: transport of its service; null otherwise.</param>
internal sealed record MtuTarget(TargetName Host, EncapsulationStack Via = default, ushort? Port = null, string? Real = null,
    ProbeProtocol? Service = null);

/// <summary>What established connections are to show besides.</summary>
/// <param name="Upload">The same octets spaced, in pairs and in bulk, to the target.</param>
/// <param name="Download">The same from a responder of ours at the target.</param>
/// <param name="Stall">Connections opened before and after the path MTU is learned.</param>
/// <param name="Payload">What they send.</param>
internal sealed record MtuConversations(bool Upload, bool Download, bool Stall, TcpPayload Payload);
