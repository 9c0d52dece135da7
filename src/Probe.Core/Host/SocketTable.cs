using Probe.Core.Evidence;
using Probe.Core.Linux;
using Probe.Core.Packets;
using static Probe.Core.Linux.TcpConstants;

namespace Probe.Core.Host;

/// <summary>TCP connections of the calling thread's network namespace, with timer and TCP_INFO. Needs no privilege.</summary>
public static class SocketTable
{
    /// <summary>All connections to a destination, half-closed ones and those in TIME-WAIT too.</summary>
    /// <param name="destination">The far address.</param>
    /// <param name="port">The far port; 0 for any.</param>
    /// <exception cref="LinuxException">The kernel does not tell.</exception>
    public static IReadOnlyList<SocketEvidence> To(IpAddress destination, ushort port = 0) => [.. InetDiag.To(destination, port).Select(Of)];

    internal static SocketEvidence Of(DiagnosedSocket socket)
    {
        var message = socket.Message;
        var timer = TcpNames.Timer(message.idiag_timer);
        return new SocketEvidence
        {
            Local = socket.Local.ToString(),
            LocalPort = socket.LocalPort,
            Remote = socket.Remote.ToString(),
            RemotePort = socket.RemotePort,
            State = TcpNames.State(message.idiag_state),
            Timer = timer,
            TimerNs = timer is null ? null : message.idiag_expires * 1_000_000L,
            ReceiveQueue = message.idiag_rqueue,
            SendQueue = message.idiag_wqueue,
            Info = socket.Info is { } info ? Of(in info) : null,
        };
    }

    internal static TcpInfoEvidence Of(in tcp_info info) => new()
    {
        State = TcpNames.State(info.tcpi_state),
        SndMss = (int)info.tcpi_snd_mss,
        RcvMss = (int)info.tcpi_rcv_mss,
        AdvMss = (int)info.tcpi_advmss,
        Pmtu = (int)info.tcpi_pmtu,
        Unacked = (int)info.tcpi_unacked,
        Sacked = (int)info.tcpi_sacked,
        Lost = (int)info.tcpi_lost,
        Retrans = (int)info.tcpi_retrans,
        TotalRetrans = (int)info.tcpi_total_retrans,
        NeedlessRetrans = (int)info.tcpi_dsack_dups,
        Retransmits = info.tcpi_retransmits,
        Probes = info.tcpi_probes,
        Backoff = info.tcpi_backoff,
        NotSent = info.tcpi_notsent_bytes,
        SndWnd = info.tcpi_snd_wnd,
        Cwnd = (int)info.tcpi_snd_cwnd,
        RtoNs = info.tcpi_rto * 1_000L,
        RttNs = info.tcpi_rtt * 1_000L,

        // ~0 until there is a measurement.
        MinRttNs = info.tcpi_min_rtt == uint.MaxValue ? 0 : info.tcpi_min_rtt * 1_000L,
        AckedOctets = (long)info.tcpi_bytes_acked,
        DataSegments = (int)info.tcpi_data_segs_out,
        Timestamps = (info.tcpi_options & TCPI_OPT_TIMESTAMPS) != 0,
    };
}
