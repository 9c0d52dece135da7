using System.Runtime.InteropServices;

// CS8981: the names are the kernel's.
#pragma warning disable CS8981

namespace Probe.Core.Linux;

// Structs of classic BPF; C names and fields verbatim.

[StructLayout(LayoutKind.Sequential)]
internal struct sock_filter
{
    public ushort code;
    public byte jt;
    public byte jf;
    public uint k;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct sock_fprog
{
    public ushort len;
    public sock_filter* filter;
}
