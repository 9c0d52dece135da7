using System.Runtime.InteropServices;

// CS8981: the names are the kernel's.
#pragma warning disable CS8981

namespace Probe.Core.Linux.Netlink;

/// <summary>Constants of sock_diag, C names verbatim.</summary>
internal static class InetDiagConstants
{
    public const ushort SOCK_DIAG_BY_FAMILY = 20;
    public const ushort INET_DIAG_INFO = 2;
    public const uint INET_DIAG_NOCOOKIE = uint.MaxValue;
}

/// <summary>A connection; ports and addresses in network order.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct inet_diag_sockid
{
    public ushort idiag_sport;
    public ushort idiag_dport;
    public fixed uint idiag_src[4];
    public fixed uint idiag_dst[4];
    public uint idiag_if;
    public fixed uint idiag_cookie[2];
}

[StructLayout(LayoutKind.Sequential)]
internal struct inet_diag_req_v2
{
    public byte sdiag_family;
    public byte sdiag_protocol;
    public byte idiag_ext;
    public byte pad;
    public uint idiag_states;
    public inet_diag_sockid id;
}

[StructLayout(LayoutKind.Sequential)]
internal struct inet_diag_msg
{
    public byte idiag_family;
    public byte idiag_state;

    /// <summary>0 none, 1 retransmit, 2 keep-alive, 3 TIME-WAIT, 4 zero-window probe (net/ipv4/inet_diag.c).</summary>
    public byte idiag_timer;

    public byte idiag_retrans;
    public inet_diag_sockid id;

    /// <summary>Milliseconds until the timer fires.</summary>
    public uint idiag_expires;

    public uint idiag_rqueue;
    public uint idiag_wqueue;
    public uint idiag_uid;
    public uint idiag_inode;
}
