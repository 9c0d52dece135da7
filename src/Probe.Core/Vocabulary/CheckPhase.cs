namespace Probe.Core.Vocabulary;

/// <summary>The parts of a check that take their time.</summary>
public enum CheckPhase
{
    /// <summary>Resolving the name.</summary>
    Dns,

    /// <summary>The TCP handshake, or the first answer of a kind without one.</summary>
    Connect,

    /// <summary>The TLS handshake.</summary>
    Tls,

    /// <summary>From the request to the first octet of the answer.</summary>
    FirstByte,
}
