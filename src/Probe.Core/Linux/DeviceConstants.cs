namespace Probe.Core.Linux;

/// <summary>
/// Constants of network devices: their ioctls, TUN, ethtool (linux/sockios.h, if_tun.h, if_arp.h, ethtool.h). C names verbatim.
/// </summary>
internal static class DeviceConstants
{
    public const int IFNAMSIZ = 16;
    public const uint SIOCETHTOOL = 0x8946;
    public const uint SIOCGIFMTU = 0x8921;
    public const uint SIOCGIFINDEX = 0x8933;
    public const uint SIOCGIFHWADDR = 0x8927;
    public const uint TUNSETIFF = 0x400454ca;
    public const short IFF_TUN = 1;
    public const short IFF_NO_PI = 0x1000;

    public const uint ETHTOOL_GSTRINGS = 0x1b;
    public const uint ETHTOOL_GSSET_INFO = 0x37;
    public const uint ETHTOOL_GFEATURES = 0x3a;
    public const int ETH_SS_FEATURES = 4;
    public const int ETH_GSTRING_LEN = 32;

    public const int ARPHRD_ETHER = 1;
    public const int ARPHRD_LOOPBACK = 772;
    public const int ARPHRD_NONE = 0xFFFE;
}
