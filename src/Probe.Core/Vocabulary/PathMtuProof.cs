namespace Probe.Core.Vocabulary;

/// <summary>What kind of answer proves that a size gets there.</summary>
public enum PathMtuProof
{
    /// <summary>SYN-ACK to a SYN with payload.</summary>
    SynPayload,

    /// <summary>
    /// An acknowledgment within an established connection, by <c>--tcp-upload</c> or <c>--tcp-stall</c>: full segments that may not be
    /// fragmented arrived.
    /// </summary>
    Established,

    /// <summary>Echo reply, as large as the request: both directions carry it.</summary>
    Echo,

    /// <summary>RST to a padded ACK of no connection, or to a SYN with payload that no service takes.</summary>
    Ack,

    /// <summary>Port-unreachable, or a service's answer, to a datagram.</summary>
    Udp,
}
