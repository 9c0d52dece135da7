namespace Probe.Core.Linux;

/// <summary>Constants of the process: clocks, limits, signals, namespaces and their mounts, capabilities. C names verbatim.</summary>
internal static class ProcessConstants
{
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

    public const int SIGSTOP = 19;
}
