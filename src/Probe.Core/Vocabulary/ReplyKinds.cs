using Probe.Core.Vocabulary;

namespace Probe.Core.Vocabulary;

/// <summary>Names ICMP types and codes by the contract's kinds.</summary>
public static class ReplyKinds
{
    /// <summary>The kind of an ICMP error; null when the message is no error about a packet.</summary>
    public static ReplyKind? OfError(bool isV6, byte type, byte code) => isV6 ? OfV6(type, code) : OfV4(type, code);

    /// <summary>
    /// True for kinds whose sender throttles them by default (RFC 1812 4.3.2.8, RFC 4443 2.4 f): their absence proves no loss.
    /// </summary>
    public static bool MayBeRateLimited(ReplyKind kind) =>
        kind is not (ReplyKind.EchoReply or ReplyKind.SynAck or ReplyKind.Reset or ReplyKind.UdpReply);

    /// <summary>True when an MTU stands in the message.</summary>
    public static bool CarriesMtu(ReplyKind kind) => kind is ReplyKind.FragmentationNeeded or ReplyKind.PacketTooBig;

    /// <summary>
    /// True when the MTU cannot be meant: below what the protocol allows (68 octets, RFC 791; 1280, RFC 8200),
    /// or not below the size of the very packet it complains about.
    /// </summary>
    public static bool IsImplausibleMtu(bool isV6, int mtu, int quotedLength) =>
        mtu < (isV6 ? 1280 : 68) || mtu >= quotedLength;

    private static ReplyKind? OfV4(byte type, byte code) => type switch
    {
        3 => code switch
        {
            0 or 6 or 11 => ReplyKind.NetworkUnreachable,
            1 or 7 or 12 => ReplyKind.HostUnreachable,
            2 => ReplyKind.ProtocolUnreachable,
            3 => ReplyKind.PortUnreachable,
            4 => ReplyKind.FragmentationNeeded,
            9 or 10 or 13 => ReplyKind.AdminProhibited,
            _ => ReplyKind.OtherUnreachable,
        },
        4 => ReplyKind.SourceQuench,
        11 => ReplyKind.TimeExceeded,
        12 => ReplyKind.ParameterProblem,
        _ => null,
    };

    private static ReplyKind? OfV6(byte type, byte code) => type switch
    {
        1 => code switch
        {
            0 => ReplyKind.NetworkUnreachable,
            1 or 5 or 6 => ReplyKind.AdminProhibited,
            3 => ReplyKind.HostUnreachable,
            4 => ReplyKind.PortUnreachable,
            _ => ReplyKind.OtherUnreachable,
        },
        2 => ReplyKind.PacketTooBig,
        3 => ReplyKind.TimeExceeded,
        4 => code == 1 ? ReplyKind.ProtocolUnreachable : ReplyKind.ParameterProblem,
        _ => null,
    };
}
