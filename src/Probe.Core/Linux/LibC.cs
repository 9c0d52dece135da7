using System.Runtime.InteropServices;

namespace Probe.Core.Linux;

/// <summary>
/// The bare calls. Only the typed methods of this folder use them, and each reads the error number in the statement right after the
/// call: even formatting a string can overwrite it.
/// </summary>
internal static unsafe partial class LibC
{
    [LibraryImport("libc", SetLastError = true)]
    public static partial int socket(int domain, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int bind(FileDescriptor fd, void* addr, uint addrlen);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int connect(FileDescriptor fd, void* addr, uint addrlen);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int listen(FileDescriptor fd, int backlog);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int accept4(FileDescriptor fd, void* addr, uint* addrlen, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int shutdown(FileDescriptor fd, int how);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int getsockname(FileDescriptor fd, void* addr, uint* addrlen);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int setsockopt(FileDescriptor fd, int level, int optname, void* optval, uint optlen);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int getsockopt(FileDescriptor fd, int level, int optname, void* optval, uint* optlen);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint sendto(FileDescriptor fd, void* buf, nuint len, int flags, void* addr, uint addrlen);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint sendmsg(FileDescriptor fd, msghdr* msg, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int sendmmsg(FileDescriptor fd, mmsghdr* msgvec, uint vlen, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint recvmsg(FileDescriptor fd, msghdr* msg, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int recvmmsg(FileDescriptor fd, mmsghdr* msgvec, uint vlen, int flags, timespec* timeout);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int ppoll(pollfd* fds, nuint nfds, timespec* timeout, void* sigmask);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int epoll_ctl(FileDescriptor epfd, int op, FileDescriptor fd, epoll_event* ev);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int epoll_pwait2(FileDescriptor epfd, epoll_event* events, int maxevents, timespec* timeout, void* sigmask);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int eventfd(uint initval, int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint read(FileDescriptor fd, void* buf, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint write(FileDescriptor fd, void* buf, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int ioctl(FileDescriptor fd, nuint request, void* argument);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial uint if_nametoindex(string name);

    [LibraryImport("libc", SetLastError = true)]
    public static partial byte* if_indextoname(uint index, byte* name);

    // Never blocks (vDSO), so the transition that lets the collector run is left out.
    [LibraryImport("libc")]
    [SuppressGCTransition]
    public static partial int clock_gettime(int clock, timespec* time);

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

    [LibraryImport("libc", SetLastError = true)]
    public static partial int getrlimit(int resource, rlimit* limit);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int capget(__user_cap_header_struct* header, __user_cap_data_struct* data);
}
