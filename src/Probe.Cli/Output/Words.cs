using System.Text.Json;
using Probe.Core.Evidence;
using Probe.Core.Probing;

namespace Probe.Cli.Output;

/// <summary>The contract's words for enumerations, and short ones for a table's notes.</summary>
internal static class Words
{
    /// <summary>The word as it stands in documents: <c>time-exceeded</c>.</summary>
    public static string Of<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());

    /// <summary>What a hop said, as traceroute's users know it: <c>!F9000</c>, with what makes it odd.</summary>
    public static string Describe(ReplyEvidence reply, TraceEvidence trace)
    {
        var many = reply.Count > 1 ? $" ×{reply.Count}" : "";
        return reply.Kind switch
        {
            ReplyKind.EchoReply => "echo reply",
            ReplyKind.SynAck => "open (SYN-ACK)",
            ReplyKind.Reset => "closed (RST)",
            ReplyKind.UdpReply => "UDP reply",
            ReplyKind.PortUnreachable => "port unreachable",
            ReplyKind.FragmentationNeeded or ReplyKind.PacketTooBig =>
                $"!F{reply.Mtu}{(reply.Implausible == true ? $" implausible mtu for {trace.Size} octets" : "")}{many}",
            ReplyKind.HostUnreachable => $"!H{Code(reply)}{many}",
            ReplyKind.NetworkUnreachable => $"!N{Code(reply)}{many}",
            ReplyKind.ProtocolUnreachable => $"!P{Code(reply)}{many}",
            ReplyKind.AdminProhibited => $"!X{Code(reply)}{many}",
            _ => $"{Of(reply.Kind)}{Code(reply)}{many}",
        };
    }

    private static string Code(ReplyEvidence reply) => $" ({Of(reply.Kind)} {reply.Type}/{reply.Code})";
}
