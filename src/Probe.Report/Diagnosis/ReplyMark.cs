using System.Text.Json;
using Probe.Core.Evidence;
using Probe.Core.Vocabulary;

namespace Probe.Report.Diagnosis;

/// <summary>The short marks of traceroute for answers that are no time-exceeded: one spelling for tables and reports.</summary>
public static class ReplyMark
{
    /// <summary>
    /// <c>!F9000 implausible</c>, <c>!H</c> host, <c>!N</c> network, <c>!P</c> protocol, <c>!X</c> admin-prohibited, <c>!U</c> port,
    /// <c>!R</c> reset, <c>!&lt;type-code&gt;</c> for others; "" for answers that are no remark.
    /// </summary>
    /// <param name="reply">The answer.</param>
    /// <param name="fromTarget">The target's own address gave it: then a reset or port-unreachable is the expected end.</param>
    public static string Of(ReplyEvidence reply, bool fromTarget) => reply.Kind switch
    {
        ReplyKind.TimeExceeded or ReplyKind.EchoReply or ReplyKind.SynAck or ReplyKind.UdpReply => "",
        ReplyKind.Reset or ReplyKind.PortUnreachable when fromTarget => "",
        ReplyKind.FragmentationNeeded or ReplyKind.PacketTooBig => $"!F{reply.Mtu}{(reply.Implausible == true ? " implausible" : "")}",
        ReplyKind.HostUnreachable => "!H",
        ReplyKind.NetworkUnreachable => "!N",
        ReplyKind.ProtocolUnreachable => "!P",
        ReplyKind.AdminProhibited => "!X",
        ReplyKind.PortUnreachable => "!U",
        ReplyKind.Reset => "!R",
        _ => $"!<{reply.Type}-{reply.Code}>",
    };
}
