using Probe.Core.Conversations;
using Probe.Core.Evidence;

namespace Probe.Core.TcpTests;

/// <summary>How large the packets were that a peer acknowledged.</summary>
internal static class AcknowledgedPackets
{
    /// <summary>
    /// Octets of the IP packets of full segments; null where it is not certain that there was one. Linux cuts what is written at once into
    /// full segments and one rest as long as the window allows (tcp_mss_split_point, net/ipv4/tcp_output.c), so that no more segments than
    /// these are full ones.
    /// </summary>
    /// <param name="over">The connection.</param>
    /// <param name="before">It, before the first octet.</param>
    /// <param name="after">It, when all was over.</param>
    /// <param name="octets">Octets handed over.</param>
    /// <param name="acknowledged">Of them acknowledged.</param>
    public static int? LargestOf(IConversation over, TcpInfoEvidence before, TcpInfoEvidence after, int octets, int acknowledged)
    {
        var segment = after.SndMss;
        if (segment <= 0 || octets < segment || acknowledged < octets || before.SndMss != segment || before.Pmtu != after.Pmtu
            || before.SndWnd < segment || after.SndWnd < segment || !over.IsWhole)
        {
            return null;
        }

        var segments = after.DataSegments - before.DataSegments - (after.TotalRetrans - before.TotalRetrans);
        return segments == (octets + segment - 1) / segment ? MssReading.PacketOf(after, over.IsV4) : null;
    }
}
