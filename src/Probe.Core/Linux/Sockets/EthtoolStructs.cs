using System.Runtime.InteropServices;

// CS8981: the names are the kernel's.
#pragma warning disable CS8981

namespace Probe.Core.Linux.Sockets;

/// <summary>Constants of linux/ethtool.h, C names verbatim.</summary>
internal static class EthtoolConstants
{
    public const uint ETHTOOL_GSTRINGS = 0x1b;
    public const uint ETHTOOL_GSSET_INFO = 0x37;
    public const uint ETHTOOL_GFEATURES = 0x3a;
    public const int ETH_SS_FEATURES = 4;
    public const int ETH_GSTRING_LEN = 32;
}

[StructLayout(LayoutKind.Sequential)]
internal struct ethtool_get_features_block
{
    public uint available;
    public uint requested;
    public uint active;
    public uint never_changed;
}
