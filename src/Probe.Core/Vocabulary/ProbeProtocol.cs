namespace Probe.Core.Vocabulary;

/// <summary>The transport of a probe.</summary>
public enum ProbeProtocol
{
    /// <summary>ICMP or ICMPv6 echo request.</summary>
    Icmp,

    /// <summary>UDP datagram.</summary>
    Udp,

    /// <summary>TCP: see <see cref="TcpSegmentKind"/>.</summary>
    Tcp,
}
