using System.Runtime.InteropServices;
using static Probe.Core.Linux.ProcessConstants;

namespace Probe.Core.Linux;

/// <summary>What this process may do.</summary>
internal static unsafe class Capabilities
{
    /// <summary>Whether a capability (CAP_NET_RAW, …) is effective in this thread.</summary>
    public static bool Has(int capability) => (Effective >> capability & 1) != 0;

    /// <summary>The effective set, one bit a capability.</summary>
    public static ulong Effective
    {
        get
        {
            var header = new __user_cap_header_struct { version = _LINUX_CAPABILITY_VERSION_3 };

            // Version 3 speaks of 64 bits in two structs.
            var data = stackalloc __user_cap_data_struct[2];
            return LibC.capget(&header, data) == 0
                ? data[0].effective | (ulong)data[1].effective << 32
                : throw new LinuxException(Marshal.GetLastPInvokeError(), "read this process's capabilities");
        }
    }
}
