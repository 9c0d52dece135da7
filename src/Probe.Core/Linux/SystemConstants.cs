namespace Probe.Core.Linux;

/// <summary>Constants of files, waiting, clocks, namespaces, capabilities and interfaces, C names verbatim.</summary>
internal static class SystemConstants
{
    public const int O_RDONLY = 0;
    public const int O_WRONLY = 1;
    public const int O_RDWR = 2;
    public const int O_NONBLOCK = 0x800;
    public const int O_CLOEXEC = 0x80000;

    public const short POLLIN = 1;
    public const short POLLOUT = 4;
    public const short POLLERR = 8;
    public const short POLLHUP = 16;
    public const short POLLNVAL = 32;

    public const int EPOLL_CLOEXEC = 0x80000;
    public const int EPOLL_CTL_ADD = 1;
    public const int EPOLL_CTL_DEL = 2;
    public const int EPOLL_CTL_MOD = 3;
    public const uint EPOLLIN = 1;
    public const uint EPOLLOUT = 4;
    public const uint EPOLLERR = 8;
    public const uint EPOLLHUP = 16;
    public const uint EPOLLET = 1u << 31;
    public const int EFD_CLOEXEC = 0x80000;
    public const int EFD_NONBLOCK = 0x800;

    public const int RLIMIT_NOFILE = 7;

    public const int CLOCK_REALTIME = 0;
    public const int CLOCK_MONOTONIC = 1;

    public const int CLONE_NEWNS = 0x00020000;
    public const int CLONE_NEWNET = 0x40000000;
    public const int MS_BIND = 4096;
    public const int MS_REC = 16384;
    public const int MS_SLAVE = 1 << 19;
    public const int MS_RDONLY = 1;
    public const int MNT_DETACH = 2;

    public const int CAP_NET_ADMIN = 12;
    public const int CAP_NET_RAW = 13;
    public const int CAP_SYS_PTRACE = 19;
    public const int CAP_SYS_ADMIN = 21;
    public const int CAP_PERFMON = 38;
    public const int CAP_BPF = 39;
    public const uint _LINUX_CAPABILITY_VERSION_3 = 0x20080522;

    public const int IFNAMSIZ = 16;
    public const uint SIOCOUTQ = 0x5411;
    public const uint SIOCETHTOOL = 0x8946;
    public const uint SIOCGIFMTU = 0x8921;
    public const uint SIOCGIFINDEX = 0x8933;
    public const uint SIOCGIFHWADDR = 0x8927;
    public const uint TUNSETIFF = 0x400454ca;
    public const short IFF_TUN = 1;
    public const short IFF_NO_PI = 0x1000;
}
