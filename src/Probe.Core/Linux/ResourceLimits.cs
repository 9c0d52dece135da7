using System.Runtime.InteropServices;
using static Probe.Core.Linux.ProcessConstants;

namespace Probe.Core.Linux;

/// <summary>How many descriptors this process may have open.</summary>
internal static unsafe class ResourceLimits
{
    /// <summary>Descriptors that this process may have open now: their numbers are below this.</summary>
    public static long MostOpenFiles => Number(Read().rlim_cur);

    /// <summary>Descriptors that this process has open.</summary>
    public static int OpenFiles => Directory.EnumerateFileSystemEntries("/proc/self/fd").Count();

    /// <summary>Raises the soft limit of open files to the hard one and returns what it is now.</summary>
    public static long RaiseOpenFiles()
    {
        var limits = Read();
        if (limits.rlim_cur < limits.rlim_max)
        {
            var raised = limits with { rlim_cur = limits.rlim_max };
            if (LibC.setrlimit(RLIMIT_NOFILE, &raised) == 0)
            {
                limits = raised;
            }
        }

        return Number(limits.rlim_cur);
    }

    private static rlimit Read()
    {
        rlimit limits;
        return LibC.getrlimit(RLIMIT_NOFILE, &limits) == 0
            ? limits
            : throw new LinuxException(Marshal.GetLastPInvokeError(), "read the limit of open files");
    }

    private static long Number(ulong limit) => (long)Math.Min(limit, long.MaxValue);
}
