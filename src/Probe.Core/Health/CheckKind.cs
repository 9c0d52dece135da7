namespace Probe.Core.Health;

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

/// <summary>What must be seen for a target to count as up.</summary>
public enum ExpectedState
{
    /// <summary>The service answers.</summary>
    Up,

    /// <summary>The host answers a SYN with a RST: it is alive, the service is not there.</summary>
    Refused,
}

/// <summary>Whose sockets carry the check.</summary>
public enum CheckEngineKind
{
    /// <summary>One kernel socket a check.</summary>
    Sockets,

    /// <summary>SYNs from a raw socket; the kernel's own RST ends them.</summary>
    Raw,
}
