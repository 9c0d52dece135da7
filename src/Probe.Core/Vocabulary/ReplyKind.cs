namespace Probe.Core.Vocabulary;

/// <summary>What kind of answer came back. Documents write them as <c>time-exceeded</c>, …</summary>
public enum ReplyKind
{
    /// <summary>ICMP 11 / ICMPv6 3.</summary>
    TimeExceeded,

    /// <summary>ICMP 0 / ICMPv6 129.</summary>
    EchoReply,

    /// <summary>TCP SYN and ACK.</summary>
    SynAck,

    /// <summary>TCP RST.</summary>
    Reset,

    /// <summary>ICMP 3/3, ICMPv6 1/4.</summary>
    PortUnreachable,

    /// <summary>ICMP 3/4.</summary>
    FragmentationNeeded,

    /// <summary>ICMP 3/1, 3/7, 3/12; ICMPv6 1/3.</summary>
    HostUnreachable,

    /// <summary>ICMP 3/0, 3/6, 3/11; ICMPv6 1/0.</summary>
    NetworkUnreachable,

    /// <summary>ICMP 3/9, 3/10, 3/13; ICMPv6 1/1, 1/5, 1/6.</summary>
    AdminProhibited,

    /// <summary>ICMP 3/2; ICMPv6 4/1 says the same of a next header.</summary>
    ProtocolUnreachable,

    /// <summary>ICMPv6 2.</summary>
    PacketTooBig,

    /// <summary>ICMP 12 / ICMPv6 4.</summary>
    ParameterProblem,

    /// <summary>ICMP 4.</summary>
    SourceQuench,

    /// <summary>A UDP datagram from the probed port.</summary>
    UdpReply,

    /// <summary>ICMP 3/5, 3/8, 3/14, 3/15 and unknown codes; ICMPv6 1/2 and unknown codes.</summary>
    OtherUnreachable,
}
