using System.Text.Json.Serialization;
using Probe.Core.Vocabulary;

namespace Probe.Core.Evidence;

/// <summary>
/// Counters of the network namespace before and after the run, by the names that <c>nstat</c> prints (<c>IpFragFails</c>,
/// <c>TcpExtTCPTimeouts</c>).
/// They count everybody's traffic. A counter that is missing is one this kernel does not have, not one that is 0.
/// </summary>
/// <param name="Before">Before the first packet.</param>
/// <param name="After">After the last.</param>
public sealed record CountersEvidence(IReadOnlyDictionary<string, long> Before, IReadOnlyDictionary<string, long> After);

/// <summary>A TCP connection of this host as the kernel shows it (inet_diag).</summary>
public sealed record SocketEvidence
{
    /// <summary>Local address.</summary>
    public required string Local { get; init; }

    /// <summary>Local port.</summary>
    public required int LocalPort { get; init; }

    /// <summary>Far address.</summary>
    public required string Remote { get; init; }

    /// <summary>Far port.</summary>
    public required int RemotePort { get; init; }

    /// <summary>State.</summary>
    public required TcpSocketState State { get; init; }

    /// <summary>The timer that runs; null when none does.</summary>
    public TcpTimer? Timer { get; init; }

    /// <summary>Nanoseconds until it fires, in whole milliseconds.</summary>
    public long? TimerNs { get; init; }

    /// <summary>Octets received and not read.</summary>
    public long ReceiveQueue { get; init; }

    /// <summary>Octets written and not acknowledged.</summary>
    public long SendQueue { get; init; }

    /// <summary>TCP_INFO; null for a socket without, as in TIME-WAIT.</summary>
    public TcpInfoEvidence? Info { get; init; }
}

/// <summary>TCP_INFO of one connection at one moment; sizes in octets, times in nanoseconds, queues in segments.</summary>
public sealed record TcpInfoEvidence
{
    /// <summary>State.</summary>
    public required TcpSocketState State { get; init; }

    /// <summary>Payload of the segments it sends, without the options of every segment.</summary>
    public int SndMss { get; init; }

    /// <summary>Payload of the segments it receives, as guessed by the kernel.</summary>
    public int RcvMss { get; init; }

    /// <summary>MSS that it told the peer in its SYN, less the options of every segment.</summary>
    public int AdvMss { get; init; }

    /// <summary>Path MTU that it reckons with.</summary>
    public int Pmtu { get; init; }

    /// <summary>Segments sent and not acknowledged.</summary>
    public int Unacked { get; init; }

    /// <summary>Of them those that the peer has out of order.</summary>
    public int Sacked { get; init; }

    /// <summary>Of them those taken for lost.</summary>
    public int Lost { get; init; }

    /// <summary>Of them those sent again.</summary>
    public int Retrans { get; init; }

    /// <summary>Segments sent again since it was opened.</summary>
    public int TotalRetrans { get; init; }

    /// <summary>Of them those that the peer had already.</summary>
    public int NeedlessRetrans { get; init; }

    /// <summary>Timeouts in a row.</summary>
    public int Retransmits { get; init; }

    /// <summary>Probes of a closed window in a row.</summary>
    public int Probes { get; init; }

    /// <summary>How often the timeout was doubled.</summary>
    public int Backoff { get; init; }

    /// <summary>Octets written and never sent.</summary>
    public long NotSent { get; init; }

    /// <summary>Window that the peer leaves open; null where the kernel does not say (before Linux 5.4).</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public long? SndWnd { get; init; }

    /// <summary>Congestion window.</summary>
    public int Cwnd { get; init; }

    /// <summary>Retransmission timeout.</summary>
    public long RtoNs { get; init; }

    /// <summary>Smoothed round trip; null before the first measurement.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public long? RttNs { get; init; }

    /// <summary>Least round trip; null before the first measurement.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public long? MinRttNs { get; init; }

    /// <summary>Octets that the peer acknowledged.</summary>
    public long AckedOctets { get; init; }

    /// <summary>Segments with data sent, repeats included.</summary>
    public int DataSegments { get; init; }

    /// <summary>Every segment carries a timestamp, 12 octets.</summary>
    public bool Timestamps { get; init; }
}

/// <summary>A path MTU that the kernel learned for one destination, beside what is configured.</summary>
public sealed record LearnedPathMtu
{
    /// <summary>The destination.</summary>
    public required string Destination { get; init; }

    /// <summary>MTU learned, octets.</summary>
    public required int LearnedMtu { get; init; }

    /// <summary>Seconds until it is forgotten; null when it does not expire.</summary>
    public long? ExpiresSeconds { get; init; }

    /// <summary>
    /// The kernel sends without DF and fragments to this size: somebody named an MTU below its least (net.ipv4.route.min_pmtu).
    /// </summary>
    public bool Locked { get; init; }

    /// <summary>The configured route it is an exception to, as <c>10.0.0.0/24</c> or <c>default</c>; null when unknown.</summary>
    public string? Route { get; init; }

    /// <summary>Metric of that route; null when it has none.</summary>
    public long? Metric { get; init; }

    /// <summary>Next hop; null when on-link.</summary>
    public string? Gateway { get; init; }

    /// <summary>Interface.</summary>
    public string? Interface { get; init; }

    /// <summary>MTU of the configured route, octets; null when it has none of its own.</summary>
    public int? ConfiguredMtu { get; init; }

    /// <summary>MTU of the interface, octets.</summary>
    public int? DeviceMtu { get; init; }
}

/// <summary>An interface of this host.</summary>
public sealed record InterfaceEvidence
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Largest IP packet, octets.</summary>
    public required int Mtu { get; init; }

    /// <summary>It is up.</summary>
    public bool Up { get; init; }

    /// <summary>
    /// What the driver or the kernel merges and splits for it, by the kernel's names: <c>rx-gro</c>, <c>tx-tcp-segmentation</c>,
    /// <c>tx-udp_tnl-segmentation</c>.
    /// </summary>
    public IReadOnlyDictionary<string, bool> Offloads { get; init; } = new Dictionary<string, bool>(StringComparer.Ordinal);
}
