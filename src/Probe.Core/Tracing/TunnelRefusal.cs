using System.Diagnostics;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;

namespace Probe.Core.Tracing;

/// <summary>Answers that say that a tunnel does not carry what is inside.</summary>
internal static class TunnelRefusal
{
    /// <summary>
    /// The tunnel's own packet does not get through, so that nothing beyond can answer whatever its TTL: nobody takes it at the tunnel's
    /// end, or, while the TTL of the packet inside is swept, it does not even get there.
    /// </summary>
    public static bool Is(in Reply reply, bool sweepsOuter) => reply.Layer > 0 && reply.Kind switch
    {
        ReplyKind.PortUnreachable or ReplyKind.ProtocolUnreachable => true,
        ReplyKind.HostUnreachable or ReplyKind.NetworkUnreachable or ReplyKind.AdminProhibited or ReplyKind.OtherUnreachable =>
            !sweepsOuter,
        ReplyKind.TimeExceeded or ReplyKind.FragmentationNeeded or ReplyKind.PacketTooBig or ReplyKind.ParameterProblem
            or ReplyKind.SourceQuench or ReplyKind.EchoReply or ReplyKind.SynAck or ReplyKind.Reset or ReplyKind.UdpReply => false,
        _ => throw new UnreachableException($"nobody said what {reply.Kind} means of a tunnel"),
    };
}
