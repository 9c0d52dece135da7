using System.Text.Json.Serialization;
using Probe.Core.Vocabulary;

namespace Probe.Core.Evidence;

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
