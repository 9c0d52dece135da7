using System.Runtime.InteropServices;

namespace Probe.Core.Linux;

/// <summary>
/// Every call of the C library that Probe makes, by subject. Constants stand beside it in <c>*Constants.cs</c> and structs in
/// <c>*Structs.cs</c>, one file per subject: File, Wait, Process, Socket, Tcp, Filter, Device, Netlink, Terminal. Only the typed methods of
/// this folder and its rooms use them, and each reads the error number in the statement right after the call: even formatting a string can
/// overwrite it. Some calls take a bare descriptor number too: for those who open tens of thousands per second, an object for each would
/// only be work for the garbage collector.
/// </summary>
internal static unsafe partial class LibC
{
    // Files and descriptors.

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int close(int fd);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint read(FileDescriptor fd, void* buf, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint write(FileDescriptor fd, void* buf, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint write(int fd, void* buf, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int ioctl(FileDescriptor fd, nuint request, void* argument);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int ioctl(int fd, nuint request, void* argument);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int fcntl(int fd, int command, int argument);

    [LibraryImport("libc")]
    public static partial int isatty(int fd);

    [LibraryImport("libc")]
    public static partial int isatty(FileDescriptor fd);

    // Waiting.

    [LibraryImport("libc", SetLastError = true)]
    public static partial int ppoll(pollfd* fds, nuint nfds, timespec* timeout, void* sigmask);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int epoll_ctl(FileDescriptor epfd, int op, FileDescriptor fd, epoll_event* ev);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int epoll_ctl(int epfd, int op, int fd, epoll_event* ev);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int epoll_pwait2(FileDescriptor epfd, epoll_event* events, int maxevents, timespec* timeout, void* sigmask);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int eventfd(uint initval, int flags);

    // The process: clock, limits, capabilities, namespaces and mounts, signals.

    // Never blocks (vDSO), so the transition that lets the collector run is left out.
    [LibraryImport("libc")]
    [SuppressGCTransition]
    public static partial int clock_gettime(int clock, timespec* time);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int getrlimit(int resource, rlimit* limit);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int setrlimit(int resource, rlimit* limits);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int capget(__user_cap_header_struct* header, __user_cap_data_struct* data);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int setns(FileDescriptor fd, int nstype);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int unshare(int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int mount(string source, string target, string? type, nuint flags, void* data);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int umount2(string target, int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int execve(string path, byte** argv, byte** envp);

    [LibraryImport("libc")]
    public static partial int getpgrp();

    [LibraryImport("libc")]
    public static partial int getppid();

    [LibraryImport("libc", SetLastError = true)]
    public static partial int getsid(int pid);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int kill(int pid, int signal);

    // Sockets.

    [LibraryImport("libc", SetLastError = true)]
    public static partial int socket(int domain, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int bind(FileDescriptor fd, void* addr, uint addrlen);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int bind(int fd, void* addr, uint addrlen);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int connect(FileDescriptor fd, void* addr, uint addrlen);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int connect(int fd, void* addr, uint addrlen);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int listen(FileDescriptor fd, int backlog);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int accept4(FileDescriptor fd, void* addr, uint* addrlen, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int shutdown(FileDescriptor fd, int how);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int getsockname(FileDescriptor fd, void* addr, uint* addrlen);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int getsockname(int fd, void* addr, uint* addrlen);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int getpeername(int fd, void* addr, uint* addrlen);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int setsockopt(FileDescriptor fd, int level, int optname, void* optval, uint optlen);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int setsockopt(int fd, int level, int optname, void* optval, uint optlen);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int getsockopt(FileDescriptor fd, int level, int optname, void* optval, uint* optlen);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int getsockopt(int fd, int level, int optname, void* optval, uint* optlen);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint sendto(FileDescriptor fd, void* buf, nuint len, int flags, void* addr, uint addrlen);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint sendmsg(FileDescriptor fd, msghdr* msg, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int sendmmsg(FileDescriptor fd, mmsghdr* msgvec, uint vlen, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint recvmsg(FileDescriptor fd, msghdr* msg, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint recvmsg(int fd, msghdr* msg, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int recvmmsg(FileDescriptor fd, mmsghdr* msgvec, uint vlen, int flags, timespec* timeout);

    // Names of interfaces and hosts.

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial uint if_nametoindex(string name);

    [LibraryImport("libc", SetLastError = true)]
    public static partial byte* if_indextoname(uint index, byte* name);

    [LibraryImport("libc")]
    public static partial int getnameinfo(void* addr, uint addrlen, byte* host, uint hostlen, byte* serv, uint servlen, int flags);

    // Terminals.

    [LibraryImport("libc", SetLastError = true)]
    public static partial int tcgetattr(FileDescriptor fd, termios* settings);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int tcsetattr(FileDescriptor fd, int when, termios* settings);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int tcgetpgrp(FileDescriptor fd);
}
