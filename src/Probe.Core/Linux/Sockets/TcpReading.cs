using static Probe.Core.Linux.SocketConstants;

namespace Probe.Core.Linux.Sockets;

/// <summary>How a TCP probe stands, by the kernel's own account (TCP_INFO).</summary>
internal readonly struct TcpReading(in tcp_info info)
{
    /// <summary>The SYN-ACK has come and nothing has ended the connection since.</summary>
    public bool IsConnected { get; } = info.tcpi_state is TCP_ESTABLISHED or TCP_CLOSE_WAIT;

    /// <summary>From the SYN to the SYN-ACK, nanoseconds; 0 when unknown, as after a SYN sent again, which makes it ambiguous.</summary>
    public long RttNs { get; } = info.tcpi_total_retrans == 0 ? info.tcpi_rtt * 1_000L : 0;

    /// <summary>SYNs that were sent again.</summary>
    public int Retransmits { get; } = (int)info.tcpi_total_retrans;

    /// <summary>Something else than the SYN has left: the ACK of the handshake.</summary>
    public bool HasAcknowledged { get; } = info.tcpi_segs_out > 1 + info.tcpi_total_retrans;

    /// <summary>Since the SYN-ACK came, nanoseconds, by a clock that ticks every 1 to 10 ms.</summary>
    public long SinceAnswerNs { get; } = info.tcpi_last_data_recv * 1_000_000L;
}
