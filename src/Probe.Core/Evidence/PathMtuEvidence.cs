using System.Text.Json.Serialization;
using Probe.Core.Vocabulary;

namespace Probe.Core.Evidence;

/// <summary>The path MTU towards one target by one flow.</summary>
public sealed record PathMtuEvidence
{
    /// <summary>The target as the user wrote it.</summary>
    public required string Target { get; init; }

    /// <summary>The address probed; null when the name did not resolve.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Address { get; init; }

    /// <summary>Transport of the probes.</summary>
    public required ProbeProtocol Protocol { get; init; }

    /// <summary>Destination port; null for ICMP.</summary>
    public int? Port { get; init; }

    /// <summary>Source address of the (inner) packets.</summary>
    public string? Source { get; init; }

    /// <summary>ENCAP texts, outermost first.</summary>
    public IReadOnlyList<string> Via { get; init; } = [];

    /// <summary>The real server asked; null when the target itself was.</summary>
    public string? Real { get; init; }

    /// <summary>The flow; null where one flow stands for all.</summary>
    public PathMtuFlow? Flow { get; init; }

    /// <summary>Octets of the largest (inner) IP packet that gets there; null when unknown.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public int? Mtu { get; init; }

    /// <summary>The same with the encapsulation around it; null when unknown.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public int? OuterMtu { get; init; }

    /// <summary>Octets that the encapsulation adds.</summary>
    public int Overhead { get; init; }

    /// <summary>MTU of the first link, octets of the outermost packet.</summary>
    public int? FirstHopMtu { get; init; }

    /// <summary>What limits, and whether it says so.</summary>
    public required PathMtuVerdict Verdict { get; init; }

    /// <summary>How sure <see cref="Mtu"/> is.</summary>
    public required Confidence Confidence { get; init; }

    /// <summary>Why, where the verdict alone does not say it.</summary>
    public PathMtuReason? Reason { get; init; }

    /// <summary>Who said what about a size.</summary>
    public IReadOnlyList<PathMtuSignal> Signals { get; init; } = [];

    /// <summary>What a wrong signal's number says about its maker.</summary>
    public PathMtuArithmetic? Arithmetic { get; init; }

    /// <summary>The hop that limits or signals: for a black hole the last one that full-size packets reach; null when unknown.</summary>
    public int? Hop { get; init; }

    /// <summary>Address of that hop; null when it is silent or unknown.</summary>
    public string? HopAddress { get; init; }

    /// <summary>Address of the hop after it; null when it is silent or unknown.</summary>
    public string? NextHopAddress { get; init; }

    /// <summary>Largest size that was answered: proved by success.</summary>
    public int? LargestAnswered { get; init; }

    /// <summary>Smallest size above it that was lost or refused.</summary>
    public int? SmallestLost { get; init; }

    /// <summary>What kind of answer proved <see cref="LargestAnswered"/>.</summary>
    public PathMtuProof? ProvedBy { get; init; }

    /// <summary>Largest packet that comes back, where answers as large as the probes told the two directions apart; octets.</summary>
    public int? ReturnMtu { get; init; }

    /// <summary>Share lost of the probes that are not too large, 0 to 1; null when none was sent.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public double? Loss { get; init; }

    /// <summary>Median round trip of the answered probes, nanoseconds.</summary>
    public long? RttNs { get; init; }

    /// <summary>Probes sent.</summary>
    public int Sent { get; init; }

    /// <summary>From the first probe to the verdict, nanoseconds.</summary>
    public long DurationNs { get; init; }

    /// <summary>Probes sent when the exact size was known, though not yet proved; null when it never was.</summary>
    public int? ExactSent { get; init; }

    /// <summary>From the first probe to that moment, nanoseconds; null when it never came.</summary>
    public long? ExactNs { get; init; }

    /// <summary>Every size tried, ascending.</summary>
    public IReadOnlyList<PathMtuSize> Sizes { get; init; } = [];

    /// <summary>What established connections say; null when none were asked for.</summary>
    public TcpEvidence? Tcp { get; init; }
}

/// <summary>A flow of a path MTU search.</summary>
/// <param name="Id">Number of the flow, from 1.</param>
/// <param name="SourcePort">Source port, or the identifier of an echo request.</param>
/// <param name="DestinationPort">Destination port; null for ICMP.</param>
public sealed record PathMtuFlow(int Id, int SourcePort, int? DestinationPort = null);

/// <summary>What became of one size.</summary>
/// <param name="Size">Octets of the (inner) IP packet.</param>
/// <param name="Sent">Probes sent.</param>
/// <param name="Answered">Of them answered.</param>
/// <param name="Refused">Of them answered by a frag-needed or packet-too-big.</param>
public sealed record PathMtuSize(int Size, int Sent, int Answered, int Refused = 0);

/// <summary>Somebody said that a packet was too big.</summary>
public sealed record PathMtuSignal
{
    /// <summary>Who.</summary>
    public required string From { get; init; }

    /// <summary>The MTU it named, octets of the packet it complained about.</summary>
    public required int Mtu { get; init; }

    /// <summary>
    /// The same in octets of the inner packet, where it complained about a tunnel's own packet; null where nothing would be left for it.
    /// </summary>
    public int? InnerMtu { get; init; }

    /// <summary>What it is.</summary>
    public required PathMtuRole Role { get; init; }

    /// <summary>Octets of the packet it complained about, as it quoted them.</summary>
    public int? QuotedLength { get; init; }

    /// <summary>Hop at which it stands; null when unknown.</summary>
    public int? Hop { get; init; }

    /// <summary>How many such messages came.</summary>
    public int Count { get; init; } = 1;

    /// <summary>The verdict rests on it: it told the limit found, or it is the wrong size that is called wrong.</summary>
    public bool Decisive { get; init; }

    /// <summary>
    /// It cannot be true: 0, below the least MTU of the IP version, not below the size of the packet it complains about, or below a size
    /// that got there.
    /// </summary>
    public bool Implausible { get; init; }
}

/// <summary>A wrong number, and what explains it.</summary>
/// <param name="Claimed">The MTU that was said, octets of the inner packet.</param>
/// <param name="Found">The MTU found, octets of the inner packet.</param>
/// <param name="Difference">Claimed minus real.</param>
/// <param name="Meaning">What makes exactly this difference, in one sentence; null when nothing known does.</param>
public sealed record PathMtuArithmetic(int Claimed, [property: JsonPropertyName("real")] int Found, int Difference, string? Meaning = null);
