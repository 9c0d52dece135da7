using System.Runtime.InteropServices;

namespace Probe.Core.Linux;

/// <summary>
/// Calls on bare descriptor numbers: a checker opens and closes tens of thousands a second, and an owning object for each would be garbage.
/// </summary>
internal static unsafe partial class LibC
{
    [LibraryImport("libc", SetLastError = true)]
    public static partial int bind(int fd, void* addr, uint addrlen);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int connect(int fd, void* addr, uint addrlen);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int getsockname(int fd, void* addr, uint* addrlen);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int getpeername(int fd, void* addr, uint* addrlen);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int setsockopt(int fd, int level, int optname, void* optval, uint optlen);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int getsockopt(int fd, int level, int optname, void* optval, uint* optlen);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint recvmsg(int fd, msghdr* msg, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int epoll_ctl(int epfd, int op, int fd, epoll_event* ev);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int close(int fd);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint write(int fd, void* buf, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int ioctl(int fd, nuint request, void* argument);

    [LibraryImport("libc")]
    public static partial int isatty(int fd);

    [LibraryImport("libc")]
    public static partial int getnameinfo(void* addr, uint addrlen, byte* host, uint hostlen, byte* serv, uint servlen, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int setrlimit(int resource, rlimit* limits);
}
