using System.Runtime.InteropServices;
using System.Text;
using static Probe.Core.Linux.DeviceConstants;
using static Probe.Core.Linux.SocketConstants;

namespace Probe.Core.Linux.Sockets;

/// <summary>
/// What an interface's driver does on its own, by the kernel's names (<c>tx-tcp-segmentation</c>, <c>rx-gro</c>, …). Needs no privilege.
/// </summary>
internal static unsafe class DeviceFeatures
{
    /// <summary>Each feature and whether it is on; empty where the interface has none to tell.</summary>
    public static IReadOnlyDictionary<string, bool> Read(string name)
    {
        using var socket = SocketCalls.Open(AF_INET, SOCK_DGRAM, 0, "a datagram socket");

        // cmd, reserved, a mask of the sets asked for (u64), and a count for each.
        var info = stackalloc uint[5];
        (info[0], info[1], info[4]) = (ETHTOOL_GSSET_INFO, 0, 0);
        *(ulong*)(info + 2) = 1UL << ETH_SS_FEATURES;
        var count = Ask(socket, name, info) ? (int)info[4] : 0;
        if (count is <= 0 or > 4096)
        {
            return new Dictionary<string, bool>(StringComparer.Ordinal);
        }

        // cmd, the set, the count, then the names.
        var names = new byte[3 * sizeof(uint) + count * ETH_GSTRING_LEN];
        var blocks = (count + 31) / 32;
        var states = new byte[2 * sizeof(uint) + blocks * sizeof(ethtool_get_features_block)];
        fixed (byte* namesAt = names, statesAt = states)
        {
            uint* header = (uint*)namesAt, features = (uint*)statesAt;
            (header[0], header[1], header[2]) = (ETHTOOL_GSTRINGS, ETH_SS_FEATURES, (uint)count);
            (features[0], features[1]) = (ETHTOOL_GFEATURES, (uint)blocks);
            if (!Ask(socket, name, namesAt) || !Ask(socket, name, statesAt))
            {
                return new Dictionary<string, bool>(StringComparer.Ordinal);
            }
        }

        var active = MemoryMarshal.Cast<byte, ethtool_get_features_block>(states.AsSpan(2 * sizeof(uint)));
        var found = new Dictionary<string, bool>(StringComparer.Ordinal);
        for (var bit = 0; bit < count; bit++)
        {
            var text = names.AsSpan(3 * sizeof(uint) + bit * ETH_GSTRING_LEN, ETH_GSTRING_LEN);
            var end = text.IndexOf((byte)0);
            if (end > 0)
            {
                found[Encoding.ASCII.GetString(text[..end])] = (active[bit / 32].active >> (bit % 32) & 1) != 0;
            }
        }

        return found;
    }

    // False where the driver has no such thing, or the interface is gone.
    private static bool Ask(FileDescriptor socket, string name, void* command)
    {
        var request = Interfaces.Name(name);
        request.ifr_data = command;
        return LibC.ioctl(socket, SIOCETHTOOL, &request) == 0;
    }
}
