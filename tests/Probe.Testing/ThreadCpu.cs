using System.Globalization;

namespace Probe.Testing;

/// <summary>CPU time of the calling thread: unlike the clock on the wall it does not run while others have the CPU.</summary>
public static class ThreadCpu
{
    /// <summary>Nanoseconds so far (the first number of /proc/thread-self/schedstat, Documentation/scheduler/sched-stats.rst).</summary>
    public static long Ns => long.Parse(File.ReadAllText("/proc/thread-self/schedstat").Split(' ')[0], CultureInfo.InvariantCulture);
}
