namespace Probe.Core.Packets;

/// <summary>Message types of ICMP (RFC 792) and, with the ending V6, of ICMPv6 (RFC 4443).</summary>
public static class IcmpType
{
    /// <summary>Echo reply.</summary>
    public const byte EchoReply = 0;

    /// <summary>Destination unreachable.</summary>
    public const byte DestinationUnreachable = 3;

    /// <summary>Source quench, deprecated by RFC 6633.</summary>
    public const byte SourceQuench = 4;

    /// <summary>Redirect.</summary>
    public const byte Redirect = 5;

    /// <summary>Echo request.</summary>
    public const byte EchoRequest = 8;

    /// <summary>Time exceeded.</summary>
    public const byte TimeExceeded = 11;

    /// <summary>Parameter problem.</summary>
    public const byte ParameterProblem = 12;

    /// <summary>ICMPv6 destination unreachable.</summary>
    public const byte DestinationUnreachableV6 = 1;

    /// <summary>ICMPv6 packet too big.</summary>
    public const byte PacketTooBigV6 = 2;

    /// <summary>ICMPv6 time exceeded.</summary>
    public const byte TimeExceededV6 = 3;

    /// <summary>ICMPv6 parameter problem.</summary>
    public const byte ParameterProblemV6 = 4;

    /// <summary>ICMPv6 echo request.</summary>
    public const byte EchoRequestV6 = 128;

    /// <summary>ICMPv6 echo reply.</summary>
    public const byte EchoReplyV6 = 129;

    /// <summary>Code of <see cref="DestinationUnreachable"/>: fragmentation needed and DF set.</summary>
    public const byte FragmentationNeededCode = 4;

    /// <summary>Code of <see cref="DestinationUnreachable"/>: port unreachable.</summary>
    public const byte PortUnreachableCode = 3;

    /// <summary>Code of <see cref="DestinationUnreachableV6"/>: port unreachable.</summary>
    public const byte PortUnreachableCodeV6 = 4;
}
