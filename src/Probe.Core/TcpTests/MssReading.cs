using Probe.Core.Evidence;

namespace Probe.Core.TcpTests;

/// <summary>MSS values of a connection, out of what its kernel and the far end's say.</summary>
public static class MssReading
{
    private const int TimestampOption = 12;

    /// <summary>Octets of the IP and TCP headers without options.</summary>
    public static int Headers(bool v4) => v4 ? 40 : 60;

    /// <summary>Octets of the IP packet of a full segment.</summary>
    internal static int PacketOf(TcpInfoEvidence info, bool v4)
    {
        ArgumentNullException.ThrowIfNull(info);
        return info.SndMss + Options(info) + Headers(v4);
    }

    private static int Options(TcpInfoEvidence info) => info.Timestamps ? TimestampOption : 0;

    /// <summary>Reads them.</summary>
    /// <param name="info">TCP_INFO of a connection that has sent no large segment yet.</param>
    /// <param name="v4">IPv4.</param>
    /// <param name="arrived">MSS of the SYN as a responder received it; null when none told.</param>
    public static MssEvidence Of(TcpInfoEvidence info, bool v4, int? arrived = null)
    {
        ArgumentNullException.ThrowIfNull(info);
        var headers = Headers(v4);
        var options = Options(info);
        var payload = info.SndMss + options;

        // The kernel sends by the lesser of the two; only below its own limit is it the peer's word (tcp_mtu_to_mss, tcp_sync_mss).
        return new MssEvidence
        {
            Sent = info.AdvMss + options,
            SentArrived = arrived,
            Received = payload < info.Pmtu - headers ? payload : null,
            LargestPacket = PacketOf(info, v4),
        };
    }
}
