using System.Runtime.InteropServices;

// CS8981: the names are the kernel's.
#pragma warning disable CS8981

namespace Probe.Core.Linux;

// Structs of poll and epoll; C names and fields verbatim.

[StructLayout(LayoutKind.Sequential)]
internal struct pollfd
{
    public int fd;
    public short events;
    public short revents;
}

// Packed on x86-64 only (sys/epoll.h, __EPOLL_PACKED).
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct epoll_event
{
    public uint events;
    public ulong data;
}
