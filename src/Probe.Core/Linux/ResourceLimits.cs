using System.Runtime.InteropServices;
using static Probe.Core.Linux.SystemConstants;

namespace Probe.Core.Linux;

/// <summary>How many descriptors this process may have open.</summary>
internal static unsafe class ResourceLimits
{
    /// <summary>Raises the soft limit of open files to the hard one and returns what it is now.</summary>
    public static long RaiseOpenFiles()
    {
        rlimit limits;
        if (LibC.getrlimit(RLIMIT_NOFILE, &limits) != 0)
        {
            throw new LinuxException(Marshal.GetLastPInvokeError(), "read the limit of open files");
        }

        if (limits.rlim_cur < limits.rlim_max)
        {
            var raised = limits with { rlim_cur = limits.rlim_max };
            if (LibC.setrlimit(RLIMIT_NOFILE, &raised) == 0)
            {
                limits = raised;
            }
        }

        return (long)Math.Min(limits.rlim_cur, long.MaxValue);
    }

    /// <summary>Descriptors that this process has open.</summary>
    public static int OpenFiles => Directory.EnumerateFileSystemEntries("/proc/self/fd").Count();
}
