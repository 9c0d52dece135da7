using System.Runtime.InteropServices;

namespace Probe.Core.Linux;

/// <summary>The bare calls of terminals and job control.</summary>
internal static unsafe partial class LibC
{
    [LibraryImport("libc", SetLastError = true)]
    public static partial int tcgetattr(FileDescriptor fd, termios* settings);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int tcsetattr(FileDescriptor fd, int when, termios* settings);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int tcgetpgrp(FileDescriptor fd);

    [LibraryImport("libc")]
    public static partial int isatty(FileDescriptor fd);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int fcntl(int fd, int command, int argument);

    [LibraryImport("libc")]
    public static partial int getpgrp();

    [LibraryImport("libc")]
    public static partial int getppid();

    [LibraryImport("libc", SetLastError = true)]
    public static partial int getsid(int pid);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int kill(int pid, int signal);
}
