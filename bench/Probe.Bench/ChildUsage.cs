using System.Runtime.InteropServices;

namespace Probe.Bench;

/// <summary>CPU time of all children that have ended and were waited for, grandchildren included (getrusage(2), RUSAGE_CHILDREN).</summary>
internal static unsafe partial class ChildUsage
{
    private const int RUSAGE_CHILDREN = -1;

    // struct rusage: four longs of times, fourteen of counts.
    private const int Longs = 18;

    public static TimeSpan Cpu
    {
        get
        {
            var usage = stackalloc long[Longs];
            return getrusage(RUSAGE_CHILDREN, usage) == 0
                ? TimeSpan.FromMicroseconds((usage[0] + usage[2]) * 1_000_000 + usage[1] + usage[3])
                : throw new InvalidOperationException($"getrusage: errno {Marshal.GetLastPInvokeError()}");
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getrusage(int who, long* usage);
}
