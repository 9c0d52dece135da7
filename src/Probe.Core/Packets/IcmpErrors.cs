using Probe.Core.Vocabulary;

namespace Probe.Core.Packets;

/// <summary>What the errors of ICMP (RFC 792, RFC 1812 5.2.7) and ICMPv6 (RFC 4443) say.</summary>
public static class IcmpErrors
{
    /// <summary>The kind of an ICMP error; null when the message is no error about a packet.</summary>
    public static ReplyKind? KindOf(bool isV6, byte type, byte code) => isV6 ? OfV6(type, code) : OfV4(type, code);

    /// <summary>
    /// True when the MTU cannot be meant: below what the protocol allows (68 octets, RFC 791; 1280, RFC 8200),
    /// or not below the size of the very packet it complains about.
    /// </summary>
    public static bool IsImplausibleMtu(bool isV6, int mtu, int quotedLength) =>
        mtu < (isV6 ? 1280 : 68) || mtu >= quotedLength;

    private static ReplyKind? OfV4(byte type, byte code) => type switch
    {
        IcmpType.DestinationUnreachable => code switch
        {
            0 or 6 or 11 => ReplyKind.NetworkUnreachable,
            1 or 7 or 12 => ReplyKind.HostUnreachable,
            2 => ReplyKind.ProtocolUnreachable,
            IcmpType.PortUnreachableCode => ReplyKind.PortUnreachable,
            IcmpType.FragmentationNeededCode => ReplyKind.FragmentationNeeded,
            9 or 10 or 13 => ReplyKind.AdminProhibited,
            _ => ReplyKind.OtherUnreachable,
        },
        IcmpType.SourceQuench => ReplyKind.SourceQuench,
        IcmpType.TimeExceeded => ReplyKind.TimeExceeded,
        IcmpType.ParameterProblem => ReplyKind.ParameterProblem,
        _ => null,
    };

    private static ReplyKind? OfV6(byte type, byte code) => type switch
    {
        IcmpType.DestinationUnreachableV6 => code switch
        {
            0 => ReplyKind.NetworkUnreachable,
            1 or 5 or 6 => ReplyKind.AdminProhibited,
            3 => ReplyKind.HostUnreachable,
            IcmpType.PortUnreachableCodeV6 => ReplyKind.PortUnreachable,
            _ => ReplyKind.OtherUnreachable,
        },
        IcmpType.PacketTooBigV6 => ReplyKind.PacketTooBig,
        IcmpType.TimeExceededV6 => ReplyKind.TimeExceeded,
        IcmpType.ParameterProblemV6 => code == 1 ? ReplyKind.ProtocolUnreachable : ReplyKind.ParameterProblem,
        _ => null,
    };
}
