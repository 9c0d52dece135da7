using System.Text.Json.Serialization;
using Probe.Core.Vocabulary;

namespace Probe.Core.Evidence;

/// <summary>What established connections say about a path.</summary>
public sealed record TcpEvidence
{
    /// <summary>MSS that the two sides told each other.</summary>
    public MssEvidence? Mss { get; init; }

    /// <summary>The same octets at three pacings, to the target.</summary>
    public TcpTransferEvidence? Upload { get; init; }

    /// <summary>The same from a responder at the target.</summary>
    public TcpTransferEvidence? Download { get; init; }

    /// <summary>Connections opened before and after a path MTU was learned.</summary>
    public TcpStallEvidence? Stall { get; init; }

    /// <summary>Octets of the largest packet that is certain to have reached the target; null for none.</summary>
    [JsonIgnore]
    public int? LargestPacket => (Upload?.Pacings.Select(pacing => pacing.LargestPacket) ?? [])
        .Concat(Stall?.Connections.Select(connection => connection.LargestPacket) ?? []).Max();
}

/// <summary>MSS as it was told and as it arrived, octets.</summary>
public sealed record MssEvidence
{
    /// <summary>In this host's SYN.</summary>
    public required int Sent { get; init; }

    /// <summary>The same as it arrived at the far end, where a responder of ours told; null when unknown.</summary>
    public int? SentArrived { get; init; }

    /// <summary>
    /// In the SYN-ACK as it arrived here; null when it was not below what this host's path MTU allows, and so cannot be told from outside.
    /// </summary>
    public int? Received { get; init; }

    /// <summary>Largest packet of this host on this connection, octets: by the lesser of the peer's MSS and the path MTU.</summary>
    public required int LargestPacket { get; init; }

    /// <summary>The SYN's MSS was lowered on the way.</summary>
    public bool Clamped => SentArrived < Sent;
}

/// <summary>The same octets sent spaced, in pairs and in bulk.</summary>
public sealed record TcpTransferEvidence
{
    /// <summary>Which way.</summary>
    public required TcpDirection Direction { get; init; }

    /// <summary>Destination port.</summary>
    public required int Port { get; init; }

    /// <summary>What was sent: <c>tls</c>, <c>http</c>, <c>zeros</c>, or a file's name.</summary>
    public required string Payload { get; init; }

    /// <summary>What the pacings say together.</summary>
    public required TcpTransferVerdict Verdict { get; init; }

    /// <summary>How sure the verdict is.</summary>
    public required Confidence Confidence { get; init; }

    /// <summary>Why, in one sentence, where the verdict alone does not say it.</summary>
    public string? Reason { get; init; }

    /// <summary>Each pacing, one connection each.</summary>
    public IReadOnlyList<TcpPacingEvidence> Pacings { get; init; } = [];
}

/// <summary>One pacing of a transfer, as its sender saw it.</summary>
public sealed record TcpPacingEvidence
{
    /// <summary>How the octets followed each other.</summary>
    public required TcpPacing Pacing { get; init; }

    /// <summary>How it ended.</summary>
    public required TcpEnd End { get; init; }

    /// <summary>Name of the error number, where one ended it.</summary>
    public string? Errno { get; init; }

    /// <summary>Octets handed to the kernel.</summary>
    public int Octets { get; init; }

    /// <summary>Of them acknowledged.</summary>
    public int Acknowledged { get; init; }

    /// <summary>Segments that carried them, repeats not counted.</summary>
    public int Segments { get; init; }

    /// <summary>
    /// Segments sent again because they were lost; repeats that the peer had already, or that a lowered path MTU asked for, are not
    /// counted.
    /// </summary>
    public int Retransmitted { get; init; }

    /// <summary>Segments sent again at once because the path MTU fell.</summary>
    public int Resized { get; init; }

    /// <summary>Retransmitted per segment, 0 to 1; null when nothing was sent.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public double? Loss { get; init; }

    /// <summary>From the first octet to the last acknowledgment, or to the end, nanoseconds.</summary>
    public long DurationNs { get; init; }

    /// <summary>TCP_INFO before the first octet.</summary>
    public TcpInfoEvidence? Before { get; init; }

    /// <summary>TCP_INFO at the end.</summary>
    public TcpInfoEvidence? After { get; init; }

    /// <summary>
    /// Octets of the IP packets that carried full segments, where it is certain that such packets arrived whole: every segment was
    /// acknowledged, none was cut smaller or resized, and none may have been fragmented. Null where it is not, and of a download.
    /// </summary>
    public int? LargestPacket { get; init; }

    /// <summary>MSS of the SYN as the responder received it; only of a download.</summary>
    public int? SynMss { get; init; }
}

/// <summary>What connections do whose path MTU is learned while they are open.</summary>
public sealed record TcpStallEvidence
{
    /// <summary>Destination port.</summary>
    public required int Port { get; init; }

    /// <summary>What was sent.</summary>
    public required string Payload { get; init; }

    /// <summary>Whether one stalled.</summary>
    public required TcpStallVerdict Verdict { get; init; }

    /// <summary>How sure the verdict is.</summary>
    public required Confidence Confidence { get; init; }

    /// <summary>Why, in one sentence, where the verdict alone does not say it.</summary>
    public string? Reason { get; init; }

    /// <summary>How long the stalled connection sent nothing, nanoseconds, to some 10 ms.</summary>
    public long? StallNs { get; init; }

    /// <summary>What the kernel knows about the destination's path MTU now.</summary>
    public LearnedPathMtu? Learned { get; init; }

    /// <summary>Each connection, in the order of use.</summary>
    public IReadOnlyList<TcpStallConnection> Connections { get; init; } = [];

    /// <summary>Counters that moved from the first full segment until the end; they count everybody's traffic.</summary>
    public IReadOnlyDictionary<string, long> Counters { get; init; } = new Dictionary<string, long>(StringComparer.Ordinal);

    /// <summary>
    /// Frag-needed (or Packet Too Big) that this host sent to itself about these connections; null when raw sockets are not allowed.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public int? SelfIcmp { get; init; }

    /// <summary>Frag-needed (or Packet Too Big) from others about these connections; null when raw sockets are not allowed.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public int? PathIcmp { get; init; }

    /// <summary>Who sent the first of those; null without one.</summary>
    public string? PathIcmpFrom { get; init; }

    /// <summary>An MSS that fits the learned path MTU, octets.</summary>
    public int? FittingMss { get; init; }
}

/// <summary>One connection of a stall test.</summary>
public sealed record TcpStallConnection
{
    /// <summary>
    /// <c>A</c> teaches the host the path MTU, <c>B</c> and <c>C</c> were opened before that and send after it, <c>D</c> is opened after
    /// it.
    /// </summary>
    public required string Name { get; init; }

    /// <summary>Local port.</summary>
    public int LocalPort { get; init; }

    /// <summary>How it ended.</summary>
    public required TcpEnd End { get; init; }

    /// <summary>Name of the error number, where one ended it.</summary>
    public string? Errno { get; init; }

    /// <summary>Octets sent.</summary>
    public int Octets { get; init; }

    /// <summary>It sent nothing although it had octets, nothing was on its way, and the peer's window was open; nanoseconds.</summary>
    public long StallNs { get; init; }

    /// <summary>From the first octet until all were acknowledged, nanoseconds; null when they were not.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public long? AcknowledgedNs { get; init; }

    /// <summary>The persist timer was seen running meanwhile.</summary>
    public bool Persist { get; init; }

    /// <summary>TCP_INFO before the first octet.</summary>
    public TcpInfoEvidence? Before { get; init; }

    /// <summary>TCP_INFO at the end.</summary>
    public TcpInfoEvidence? After { get; init; }

    /// <summary>
    /// Octets of the IP packets that carried full segments, where it is certain that such packets arrived whole, as in an upload. Null
    /// where it is not.
    /// </summary>
    public int? LargestPacket { get; init; }

    /// <summary>How it stood every 10 ms; a row like the one before is left out.</summary>
    public IReadOnlyList<TcpSample> Samples { get; init; } = [];
}

/// <summary>A connection at one moment.</summary>
/// <param name="AtNs">Nanoseconds after its first octet.</param>
/// <param name="Pmtu">Path MTU it reckons with, octets.</param>
/// <param name="SndMss">Payload of its segments, octets.</param>
/// <param name="NotSent">Octets written and never sent.</param>
/// <param name="Unacked">Segments on their way.</param>
/// <param name="TotalRetrans">Segments sent again.</param>
/// <param name="Probes">Probes in a row.</param>
/// <param name="Backoff">How often the timeout was doubled.</param>
public sealed record TcpSample(long AtNs, int Pmtu, int SndMss, long NotSent, int Unacked, int TotalRetrans, int Probes, int Backoff)
{
    /// <summary>The timer that runs; null when none does.</summary>
    public TcpTimer? Timer { get; init; }
}
