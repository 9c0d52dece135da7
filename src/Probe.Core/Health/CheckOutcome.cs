using Probe.Core.Packets;
using Probe.Core.Vocabulary;

namespace Probe.Core.Health;

/// <summary>How a check ended on the wire, before anybody asks whose fault it was.</summary>
public enum CheckEnd
{
    /// <summary>The expected answer came: a SYN-ACK for a half-open check.</summary>
    Answered,

    /// <summary>A RST came to our SYN.</summary>
    Refused,

    /// <summary>Nothing came in time, and the checker was not held up meanwhile.</summary>
    TimedOut,

    /// <summary>A system call failed, with <see cref="CheckOutcome.Errno"/>, in this host.</summary>
    Failed,

    /// <summary>An ICMP error came, from <see cref="CheckOutcome.IcmpFrom"/>: a router, the target or this host itself.</summary>
    IcmpError,

    /// <summary>The peer reset an established connection.</summary>
    Reset,

    /// <summary>The peer answered, but not what was expected.</summary>
    Mismatch,

    /// <summary>The checker was held up so long that a timeout would be its own.</summary>
    Late,
}

/// <summary>How one check went. Times are nanoseconds of the engine's clock; durations are −1 where there is none.</summary>
public readonly record struct CheckOutcome
{
    /// <summary>Index of the target in the run.</summary>
    public required int Target { get; init; }

    /// <summary>Number of the check of this target, from 1.</summary>
    public required int Attempt { get; init; }

    /// <summary>How it ended.</summary>
    public required CheckEnd End { get; init; }

    /// <summary>When it was begun.</summary>
    public required long StartedNs { get; init; }

    /// <summary>From the SYN (or first packet) to its answer; −1 without one.</summary>
    public long RttNs { get; init; }

    /// <summary>Error number, of a failed call or of the socket; 0 for none.</summary>
    public int Errno { get; init; }

    /// <summary>The error came from the call itself, so it was raised in this host.</summary>
    public bool Synchronous { get; init; }

    /// <summary>ICMP or ICMPv6 type.</summary>
    public byte IcmpType { get; init; }

    /// <summary>ICMP or ICMPv6 code.</summary>
    public byte IcmpCode { get; init; }

    /// <summary>Who sent the ICMP error; none without one.</summary>
    public IpAddress IcmpFrom { get; init; }

    /// <summary>SYNs that were sent again.</summary>
    public int SynRetransmits { get; init; }

    /// <summary>
    /// The connection was held so long after its SYN-ACK that the kernel's delayed ACK (200 ms, TCP_DELACK_MAX) may have let the
    /// application accept it.
    /// </summary>
    public bool AckEscaped { get; init; }

    /// <summary>From connection begun to established.</summary>
    public long ConnectNs { get; init; }

    /// <summary>The TLS handshake.</summary>
    public long TlsNs { get; init; }

    /// <summary>From the request to the answer's first octet.</summary>
    public long FirstByteNs { get; init; }

    /// <summary>Status of the HTTP answer; 0 without one.</summary>
    public int HttpStatus { get; init; }

    /// <summary>The phase in which it failed; null when it did not.</summary>
    public CheckPhase? FailedIn { get; init; }

    /// <summary>A check that ended so; everything else is still to be said.</summary>
    internal static CheckOutcome Of(int target, int attempt, CheckEnd end, long startedNs) => new()
    {
        Target = target,
        Attempt = attempt,
        End = end,
        StartedNs = startedNs,
        RttNs = -1,
        ConnectNs = -1,
        TlsNs = -1,
        FirstByteNs = -1,
        FailedIn = end == CheckEnd.Answered ? null : CheckPhase.Connect,
    };
}
