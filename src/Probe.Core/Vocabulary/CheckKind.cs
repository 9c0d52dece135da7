namespace Probe.Core.Vocabulary;

/// <summary>What a check does to its target.</summary>
public enum CheckKind
{
    /// <summary>Half-open: SYN, SYN-ACK, RST. The application never sees it.</summary>
    Syn,

    /// <summary>A TCP connection, closed at once.</summary>
    Connect,

    /// <summary>A TLS handshake.</summary>
    Tls,

    /// <summary>An HTTP request and the status of its answer.</summary>
    Http,

    /// <summary>Octets sent, octets expected.</summary>
    SendExpect,

    /// <summary>An echo request.</summary>
    Icmp,

    /// <summary>A UDP datagram; an answer, or silence without an ICMP error, as asked.</summary>
    Udp,
}
