namespace Probe.Core.Vocabulary;

/// <summary>Which segment a TCP probe is.</summary>
public enum TcpSegmentKind
{
    /// <summary>A SYN: an open port answers SYN-ACK, a closed one RST; what it carries beyond its options is ignored.</summary>
    Syn,

    /// <summary>
    /// An ACK of no connection, padded with payload: every port answers with a RST of 40 octets (60 over IPv6) whose sequence number is our
    /// acknowledgment number (RFC 9293 3.10.7.1). A load balancer that forwards only what belongs to a connection answers it itself.
    /// </summary>
    Ack,
}
