using System.Runtime.InteropServices;

namespace Probe.Core.Linux;

/// <summary>
/// The library that tcpdump stands on, reached through SharpPcap. Nothing of that package is touched before the library is known to be
/// there: without it, SharpPcap's own errors speak of another library and another operating system.
/// </summary>
public static class LibPcap
{
    /// <summary>The Debian package that has it.</summary>
    public const string Package = "libpcap0.8";

    // The order in which SharpPcap looks.
    private static readonly string[] Names = ["libpcap.so", "libpcap.so.0", "libpcap.so.0.8", "libpcap.so.1"];

    /// <summary>Whether it is installed.</summary>
    public static bool IsInstalled
    {
        get
        {
            foreach (var name in Names)
            {
                if (NativeLibrary.TryLoad(name, out _))
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>What is wrong where it is not, and what to do.</summary>
    public const string Missing = $"libpcap is not installed: on Debian and Ubuntu, apt install {Package}";
}
