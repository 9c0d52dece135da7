using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using Probe.Report.Diagnosis;

namespace Probe.Cli.Output;

/// <summary>What is said to people of a trace: how it ran, what its replies mean, how it ended.</summary>
internal static class TraceWords
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

    /// <summary>Whether the target answered, and who was last if not.</summary>
    public static string Verdict(TraceEvidence trace) => trace.Reached
        ? $"Reached in {trace.ReachedTtl} hops."
        : Refusal(trace) is { } refusal ? refusal
        : trace.Hops.LastOrDefault(hop => hop.Nodes.Count > 0) is { } last
            ? $"Not reached: the last answer came from hop {last.Ttl} ({last.Nodes[0].Address})."
            : "Not reached: nobody answered.";

    private static string? Refusal(TraceEvidence trace)
    {
        var refused =
            from hop in trace.StopReason == StopReason.Tunnel ? trace.Hops.Reverse() : []
            from node in hop.Nodes
            from reply in node.Replies
            where reply is { Layer: > 0, Kind: not ReplyKind.TimeExceeded }
            let why = reply.Kind is ReplyKind.PortUnreachable or ReplyKind.ProtocolUnreachable
                ? $": nothing takes {trace.Via.ElementAtOrDefault(^(reply.Layer ?? 1))} there"
                : ""
            select $"Not reached: {node.Address} rejects the tunnel's own packets ({Word.Of(reply.Kind)}){why}.";
        return refused.FirstOrDefault();
    }

    /// <summary>The warning about answers that this host lost.</summary>
    public static string LocalLoss(TraceEvidence trace) =>
        $"Up to {trace.LocalLost} answers lost in this host: the loss figures are upper bounds.";
}
