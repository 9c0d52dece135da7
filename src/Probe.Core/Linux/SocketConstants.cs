namespace Probe.Core.Linux;

/// <summary>Constants of the socket calls, C names verbatim.</summary>
internal static class SocketConstants
{
    public const uint SIOCOUTQ = 0x5411;

    public const int AF_UNSPEC = 0;
    public const int AF_INET = 2;
    public const int AF_INET6 = 10;
    public const int AF_NETLINK = 16;
    public const int AF_PACKET = 17;

    public const int SOCK_STREAM = 1;
    public const int SOCK_DGRAM = 2;
    public const int SOCK_RAW = 3;
    public const int SOCK_NONBLOCK = 0x800;
    public const int SOCK_CLOEXEC = 0x80000;

    public const int IPPROTO_IP = 0;
    public const int IPPROTO_ICMP = 1;
    public const int IPPROTO_IPIP = 4;
    public const int IPPROTO_TCP = 6;
    public const int IPPROTO_UDP = 17;
    public const int IPPROTO_IPV6 = 41;
    public const int IPPROTO_ICMPV6 = 58;
    public const int IPPROTO_RAW = 255;

    public const int SOL_SOCKET = 1;
    public const int SOL_RAW = 255;
    public const int SOL_PACKET = 263;
    public const int SOL_NETLINK = 270;

    public const int SO_REUSEADDR = 2;
    public const int SO_ERROR = 4;
    public const int SO_SNDBUF = 7;
    public const int SO_RCVBUF = 8;
    public const int SO_LINGER = 13;
    public const int SO_BINDTODEVICE = 25;
    public const int SO_ATTACH_FILTER = 26;
    public const int SO_SNDBUFFORCE = 32;
    public const int SO_RCVBUFFORCE = 33;
    public const int SO_MARK = 36;
    public const int SO_TIMESTAMPING = 37;
    public const int SO_RXQ_OVFL = 40;
    public const int SO_LOCK_FILTER = 44;
    public const int SO_MEMINFO = 55;
    public const int SCM_TIMESTAMPING = 37;
    public const int SK_MEMINFO_DROPS = 8;
    public const int SK_MEMINFO_VARS = 9;

    public const int SHUT_WR = 1;
    public const int MSG_PEEK = 0x2;
    public const int MSG_TRUNC = 0x20;
    public const int MSG_CTRUNC = 0x8;
    public const int MSG_DONTWAIT = 0x40;
    public const int MSG_ERRQUEUE = 0x2000;
    public const int MSG_NOSIGNAL = 0x4000;

    public const int IP_TOS = 1;
    public const int IP_TTL = 2;
    public const int IP_HDRINCL = 3;
    public const int IP_PKTINFO = 8;
    public const int IP_MTU_DISCOVER = 10;
    public const int IP_RECVERR = 11;
    public const int IP_RECVTTL = 12;
    public const int IP_MTU = 14;
    public const int IP_FREEBIND = 15;
    public const int IP_TRANSPARENT = 19;
    public const int IP_RECVERR_RFC4884 = 26;
    public const int IP_PMTUDISC_DONT = 0;
    public const int IP_PMTUDISC_WANT = 1;
    public const int IP_PMTUDISC_DO = 2;
    public const int IP_PMTUDISC_PROBE = 3;
    public const int IP_PMTUDISC_INTERFACE = 4;
    public const int IP_PMTUDISC_OMIT = 5;

    public const int IPV6_UNICAST_HOPS = 16;
    public const int IPV6_MTU_DISCOVER = 23;
    public const int IPV6_MTU = 24;
    public const int IPV6_RECVERR = 25;
    public const int IPV6_V6ONLY = 26;
    public const int IPV6_RECVERR_RFC4884 = 31;
    public const int IPV6_FLOWINFO_SEND = 33;
    public const int IPV6_HDRINCL = 36;
    public const int IPV6_RECVPKTINFO = 49;
    public const int IPV6_PKTINFO = 50;
    public const int IPV6_RECVHOPLIMIT = 51;
    public const int IPV6_HOPLIMIT = 52;
    public const int IPV6_RECVTCLASS = 66;
    public const int IPV6_TCLASS = 67;
    public const int IPV6_FREEBIND = 78;
    public const int IPV6_PMTUDISC_INTERFACE = 4;
    public const int IPV6_PMTUDISC_OMIT = 5;

    public const int ICMP_FILTER = 1;
    public const int ICMP6_FILTER = 1;
    // States: linux/tcp.h has them not, so they are no part of TcpConstants.
    public const int TCP_ESTABLISHED = 1;
    public const int TCP_CLOSE_WAIT = 8;

    public const int SOF_TIMESTAMPING_TX_SOFTWARE = 1 << 1;
    public const int SOF_TIMESTAMPING_RX_SOFTWARE = 1 << 3;
    public const int SOF_TIMESTAMPING_SOFTWARE = 1 << 4;
    public const int SOF_TIMESTAMPING_OPT_ID = 1 << 7;
    public const int SOF_TIMESTAMPING_OPT_TSONLY = 1 << 11;

    public const int SO_EE_ORIGIN_LOCAL = 1;
    public const int SO_EE_ORIGIN_ICMP = 2;
    public const int SO_EE_ORIGIN_ICMP6 = 3;
    public const int SO_EE_ORIGIN_TIMESTAMPING = 4;
    public const int SO_EE_RFC4884_FLAG_INVALID = 1;

    public const int PACKET_ADD_MEMBERSHIP = 1;
    public const int PACKET_STATISTICS = 6;
    public const int PACKET_AUXDATA = 8;
    public const int PACKET_IGNORE_OUTGOING = 23;
    public const int PACKET_HOST = 0;
    public const int PACKET_OUTGOING = 4;
    public const int ETH_P_ALL = 3;
    public const int ETH_P_IP = 0x0800;
    public const int ETH_P_IPV6 = 0x86DD;
    public const int ETH_P_8021Q = 0x8100;
    public const int NI_NAMEREQD = 8;
    public const int NI_MAXHOST = 1025;
}
