using System.Text.Json;
using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using Probe.Report.Diagnosis;

namespace Probe.Cli.Output;

/// <summary>The contract's words for enumerations, and short ones for a table's notes.</summary>
internal static class Words
{
    /// <summary>The sockets of a trace that raw ones were refused.</summary>
    public static string SocketsOf(ProbeProtocol protocol) =>
        protocol == ProbeProtocol.Tcp ? "TCP connects" : $"{protocol.ToString().ToUpperInvariant()} sockets";

    /// <summary>How a trace ran that raw sockets were refused; null for any other.</summary>
    public static string? ModeOf(TraceEvidence trace) =>
        trace.Mode == TraceMode.Unprivileged ? $"Unprivileged mode ({SocketsOf(trace.Protocol)})" : null;

    /// <summary>What a hop said besides time-exceeded: a mark of traceroute's, and what stands behind it.</summary>
    public static string Describe(ReplyEvidence reply, TraceEvidence trace, bool fromTarget)
    {
        var many = reply.Count > 1 && !fromTarget ? $" ×{reply.Count}" : "";
        return reply.Kind switch
        {
            ReplyKind.EchoReply => "echo reply",
            ReplyKind.SynAck => "open (SYN-ACK)",
            ReplyKind.UdpReply => "UDP reply",
            ReplyKind.Reset when fromTarget => "closed (RST)",
            ReplyKind.PortUnreachable when fromTarget && reply.Layer is null => "port unreachable",
            ReplyKind.FragmentationNeeded or ReplyKind.PacketTooBig => ReplyMark.Of(reply, fromTarget)
                + (reply.Implausible == true ? $" (probe of {trace.Size} octets)" : "") + many,
            _ => $"{ReplyMark.Of(reply, fromTarget)} ({Word.Of(reply.Kind)}{(reply.Type is { } type ? $" {type}/{reply.Code}" : "")}"
                + $"{(reply.Layer is null ? "" : " about the tunnel's packet")}){many}",
        };
    }
}
