using System.Runtime.InteropServices;

// CS8981: the names are the kernel's.
#pragma warning disable CS8981

namespace Probe.Core.Linux;

[StructLayout(LayoutKind.Sequential)]
internal struct linger
{
    public int l_onoff;
    public int l_linger;
}

[StructLayout(LayoutKind.Sequential)]
internal struct rlimit
{
    public ulong rlim_cur;
    public ulong rlim_max;
}

/// <summary>What a checker reads of the front part of <c>struct tcp_info</c> (linux/tcp.h); the kernel copies as much as it is given room for.</summary>
[StructLayout(LayoutKind.Explicit, Size = 144)]
internal struct tcp_info
{
    [FieldOffset(0)]
    public byte tcpi_state;

    /// <summary>Milliseconds since data, or the SYN-ACK, came (jiffies).</summary>
    [FieldOffset(52)]
    public uint tcpi_last_data_recv;

    /// <summary>Microseconds.</summary>
    [FieldOffset(68)]
    public uint tcpi_rtt;

    [FieldOffset(100)]
    public uint tcpi_total_retrans;

    [FieldOffset(136)]
    public uint tcpi_segs_out;
}
