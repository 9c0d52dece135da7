using System.Text.Json.Serialization;
using Probe.Core.Vocabulary;

namespace Probe.Core.Evidence;

/// <summary>One check of one target.</summary>
public sealed record CheckEvidence
{
    /// <summary>The target as the user wrote it.</summary>
    public required string Target { get; init; }

    /// <summary>The address checked; null when the name did not resolve.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Address { get; init; }

    /// <summary>Port; null for ICMP.</summary>
    public int? Port { get; init; }

    /// <summary>What was done.</summary>
    public required CheckKind Kind { get; init; }

    /// <summary>Whose sockets carried it.</summary>
    public required CheckEngineKind Engine { get; init; }

    /// <summary>ENCAP texts, outermost first.</summary>
    public IReadOnlyList<string> Via { get; init; } = [];

    /// <summary>
    /// The real server behind a load balancer that was checked, as an address or ADDRESS:PORT; null where the target itself was.
    /// </summary>
    public string? Real { get; init; }

    /// <summary>The target, and which of its servers was asked, for people.</summary>
    [JsonIgnore]
    public string Name => Real is null ? Target : $"{Target} at {Real}";

    /// <summary>The weight that the load balancer gives this server; 0 gets no new connections; null where none is known.</summary>
    public int? Weight { get; init; }

    /// <summary>What had to be seen; null for a service that answers.</summary>
    public ExpectedState? Expected { get; init; }

    /// <summary>Number of the check of this target, from 1.</summary>
    public required int Attempt { get; init; }

    /// <summary>What it says about the target.</summary>
    public required CheckVerdict Verdict { get; init; }

    /// <summary>Why, in one word, where the verdict alone does not say it.</summary>
    public CheckReason? Reason { get; init; }

    /// <summary>From the first packet to its answer, nanoseconds; null without one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public long? RttNs { get; init; }

    /// <summary>Name of the error number, as <c>ECONNREFUSED</c>.</summary>
    public string? Errno { get; init; }

    /// <summary>The ICMP error that ended it.</summary>
    public IcmpEvidence? Icmp { get; init; }

    /// <summary>How long its parts took.</summary>
    public PhaseEvidence? Phases { get; init; }

    /// <summary>The part in which it failed; null when it did not.</summary>
    public CheckPhase? FailedIn { get; init; }

    /// <summary>Status of the HTTP answer.</summary>
    public int? HttpStatus { get; init; }

    /// <summary>SYNs sent again.</summary>
    public int SynRetransmits { get; init; }

    /// <summary>The application may have accepted this half-open check, because the checker was held up for more than 200 ms.</summary>
    public bool AckEscaped { get; init; }

    /// <summary>Begin of the check, nanoseconds after the document's <c>started</c>.</summary>
    public required long StartedNs { get; init; }
}

/// <summary>An ICMP or ICMPv6 error.</summary>
/// <param name="Type">Type.</param>
/// <param name="Code">Code.</param>
/// <param name="From">Who sent it.</param>
public sealed record IcmpEvidence(int Type, int Code, string From);

/// <summary>Durations of a check's parts, nanoseconds; null for a part that was not reached.</summary>
public sealed record PhaseEvidence
{
    /// <summary>Resolving the name.</summary>
    public long? DnsNs { get; init; }

    /// <summary>The TCP handshake.</summary>
    public long? ConnectNs { get; init; }

    /// <summary>The TLS handshake.</summary>
    public long? TlsNs { get; init; }

    /// <summary>From the request to the answer's first octet.</summary>
    public long? FirstByteNs { get; init; }
}
