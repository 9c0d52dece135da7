using System.Runtime.InteropServices;

// CS8981: the names are the kernel's.
#pragma warning disable CS8981

namespace Probe.Core.Linux;

// Structs of the process: time, limits, capabilities; C names and fields verbatim.

[StructLayout(LayoutKind.Sequential)]
internal struct timespec
{
    public long tv_sec;
    public long tv_nsec;

    public readonly long Nanoseconds => tv_sec * 1_000_000_000 + tv_nsec;
}

[StructLayout(LayoutKind.Sequential)]
internal struct rlimit
{
    public ulong rlim_cur;
    public ulong rlim_max;
}

[StructLayout(LayoutKind.Sequential)]
internal struct __user_cap_header_struct
{
    public uint version;
    public int pid;
}

[StructLayout(LayoutKind.Sequential)]
internal struct __user_cap_data_struct
{
    public uint effective;
    public uint permitted;
    public uint inheritable;
}
