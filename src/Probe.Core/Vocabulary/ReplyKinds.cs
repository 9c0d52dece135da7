namespace Probe.Core.Vocabulary;

/// <summary>What is true of a kind of reply; each kind is sorted here by name.</summary>
public static class ReplyKinds
{
    /// <summary>True for an ICMP error about a packet, false for an answer to it.</summary>
    public static bool IsIcmpError(ReplyKind kind) => kind switch
    {
        ReplyKind.TimeExceeded or ReplyKind.PortUnreachable or ReplyKind.FragmentationNeeded or ReplyKind.HostUnreachable
            or ReplyKind.NetworkUnreachable or ReplyKind.AdminProhibited or ReplyKind.ProtocolUnreachable or ReplyKind.PacketTooBig
            or ReplyKind.ParameterProblem or ReplyKind.SourceQuench or ReplyKind.OtherUnreachable => true,
        ReplyKind.EchoReply or ReplyKind.SynAck or ReplyKind.Reset or ReplyKind.UdpReply => false,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, message: null),
    };

    /// <summary>True for what comes as an ICMP message, with its type and code.</summary>
    public static bool IsIcmp(ReplyKind kind) => kind == ReplyKind.EchoReply || IsIcmpError(kind);

    /// <summary>
    /// True for kinds whose sender throttles them by default (RFC 1812 4.3.2.8, RFC 4443 2.4 f): their absence proves no loss.
    /// </summary>
    public static bool MayBeRateLimited(ReplyKind kind) => IsIcmpError(kind);

    /// <summary>True when an MTU stands in the message.</summary>
    public static bool CarriesMtu(ReplyKind kind) => kind is ReplyKind.FragmentationNeeded or ReplyKind.PacketTooBig;
}
