using System.Runtime.InteropServices;

// CS8981: the names are the kernel's.
#pragma warning disable CS8981

namespace Probe.Core.Linux;

/// <summary>
/// <c>struct tcp_info</c> (linux/tcp.h) as far as 5.4 and newer kernels fill it, without its bit fields; the kernel copies as much as it is
/// given room for. Times are microseconds, those of data and ACKs milliseconds.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 232)]
internal struct tcp_info
{
    [FieldOffset(0)]
    public byte tcpi_state;

    [FieldOffset(1)]
    public byte tcpi_ca_state;

    [FieldOffset(2)]
    public byte tcpi_retransmits;

    [FieldOffset(3)]
    public byte tcpi_probes;

    [FieldOffset(4)]
    public byte tcpi_backoff;

    [FieldOffset(5)]
    public byte tcpi_options;

    [FieldOffset(8)]
    public uint tcpi_rto;

    [FieldOffset(12)]
    public uint tcpi_ato;

    [FieldOffset(16)]
    public uint tcpi_snd_mss;

    [FieldOffset(20)]
    public uint tcpi_rcv_mss;

    [FieldOffset(24)]
    public uint tcpi_unacked;

    [FieldOffset(28)]
    public uint tcpi_sacked;

    [FieldOffset(32)]
    public uint tcpi_lost;

    [FieldOffset(36)]
    public uint tcpi_retrans;

    [FieldOffset(44)]
    public uint tcpi_last_data_sent;

    /// <summary>Milliseconds since data, or the SYN-ACK, came (jiffies).</summary>
    [FieldOffset(52)]
    public uint tcpi_last_data_recv;

    [FieldOffset(56)]
    public uint tcpi_last_ack_recv;

    [FieldOffset(60)]
    public uint tcpi_pmtu;

    [FieldOffset(64)]
    public uint tcpi_rcv_ssthresh;

    [FieldOffset(68)]
    public uint tcpi_rtt;

    [FieldOffset(72)]
    public uint tcpi_rttvar;

    [FieldOffset(76)]
    public uint tcpi_snd_ssthresh;

    [FieldOffset(80)]
    public uint tcpi_snd_cwnd;

    [FieldOffset(84)]
    public uint tcpi_advmss;

    [FieldOffset(88)]
    public uint tcpi_reordering;

    [FieldOffset(100)]
    public uint tcpi_total_retrans;

    [FieldOffset(120)]
    public ulong tcpi_bytes_acked;

    [FieldOffset(128)]
    public ulong tcpi_bytes_received;

    [FieldOffset(136)]
    public uint tcpi_segs_out;

    [FieldOffset(140)]
    public uint tcpi_segs_in;

    [FieldOffset(144)]
    public uint tcpi_notsent_bytes;

    [FieldOffset(148)]
    public uint tcpi_min_rtt;

    [FieldOffset(152)]
    public uint tcpi_data_segs_in;

    [FieldOffset(156)]
    public uint tcpi_data_segs_out;

    [FieldOffset(200)]
    public ulong tcpi_bytes_sent;

    [FieldOffset(208)]
    public ulong tcpi_bytes_retrans;

    /// <summary>Segments that the receiver says it had already: retransmissions that were not needed.</summary>
    [FieldOffset(216)]
    public uint tcpi_dsack_dups;

    [FieldOffset(228)]
    public uint tcpi_snd_wnd;
}
