using Probe.Core.Evidence;
using Probe.Core.Linux;
using Probe.Core.Linux.Netlink;
using Probe.Core.Linux.Sockets;
using Probe.Core.Vocabulary;
using static Probe.Core.Linux.TcpConstants;

namespace Probe.Core.Host;

/// <summary>What the kernel shows of TCP sockets, as evidence: numbers become names, ticks become nanoseconds.</summary>
internal static class TcpSockets
{
    /// <summary>A socket of sock_diag.</summary>
    public static SocketEvidence Of(DiagnosedSocket socket)
    {
        var message = socket.Message;
        var timer = Timer(message.idiag_timer);
        return new SocketEvidence
        {
            Local = socket.Local.ToString(),
            LocalPort = socket.LocalPort,
            Remote = socket.Remote.ToString(),
            RemotePort = socket.RemotePort,
            State = State(message.idiag_state),
            Timer = timer,
            TimerNs = timer is null ? null : message.idiag_expires * 1_000_000L,
            ReceiveQueue = message.idiag_rqueue,
            SendQueue = message.idiag_wqueue,
            Info = socket.Info is { } info ? Of(info) : null,
        };
    }

    /// <summary>TCP_INFO.</summary>
    public static TcpInfoEvidence Of(TcpInfo read) => Of(read.Info) with
    {
        SndWnd = read.SndWnd,
        RttNs = read.Rtt * 1_000L,
        MinRttNs = read.MinRtt * 1_000L,
    };

    private static TcpInfoEvidence Of(tcp_info info) => new()
    {
        State = State(info.tcpi_state),
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
        Cwnd = (int)info.tcpi_snd_cwnd,
        RtoNs = info.tcpi_rto * 1_000L,
        AckedOctets = (long)info.tcpi_bytes_acked,
        DataSegments = (int)info.tcpi_data_segs_out,
        Timestamps = (info.tcpi_options & TCPI_OPT_TIMESTAMPS) != 0,
    };

    private static TcpSocketState State(int state) =>
        Enum.IsDefined((TcpSocketState)state) ? (TcpSocketState)state : TcpSocketState.Unknown;

    private static TcpTimer? Timer(int timer) => Enum.IsDefined((TcpTimer)timer) ? (TcpTimer)timer : null;
}
