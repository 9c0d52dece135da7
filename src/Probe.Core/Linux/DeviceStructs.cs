using System.Runtime.InteropServices;

// CS8981: the names are the kernel's.
#pragma warning disable CS8981

namespace Probe.Core.Linux;

// Structs of network devices: interface ioctls, ethtool; C names and fields verbatim.

[StructLayout(LayoutKind.Explicit, Size = 40)]
internal unsafe struct ifreq
{
    [FieldOffset(0)]
    public fixed byte ifr_name[16];

    [FieldOffset(16)]
    public short ifr_flags;

    [FieldOffset(16)]
    public int ifr_ifindex;

    [FieldOffset(16)]
    public int ifr_mtu;

    [FieldOffset(16)]
    public void* ifr_data;
}

[StructLayout(LayoutKind.Sequential)]
internal struct ethtool_get_features_block
{
    public uint available;
    public uint requested;
    public uint active;
    public uint never_changed;
}
