using System.Runtime.InteropServices;
using static Probe.Core.Linux.WaitConstants;

namespace Probe.Core.Linux.Sockets;

/// <summary>An epoll set, for loops that hold many descriptors.</summary>
internal sealed unsafe class Epoll : IDisposable
{
    private readonly FileDescriptor _epoll;

    public Epoll()
    {
        var number = LibC.epoll_create1(EPOLL_CLOEXEC);
        _epoll = number >= 0 ? new FileDescriptor(number) : throw new LinuxException(Marshal.GetLastPInvokeError(), "make an epoll set");
    }

    /// <summary>Adds a descriptor.</summary>
    /// <param name="descriptor">What to watch.</param>
    /// <param name="events">EPOLLIN, EPOLLOUT, …</param>
    /// <param name="data">Comes back with each event.</param>
    public void Add(FileDescriptor descriptor, uint events, ulong data) => Control(EPOLL_CTL_ADD, descriptor, events, data);

    /// <summary>Adds a bare descriptor; allocates nothing and returns the error number, 0 for none.</summary>
    public int TryAdd(int descriptor, uint events, ulong data)
    {
        var wanted = new epoll_event { events = events, data = data };
        return LibC.epoll_ctl(_epoll.Number, EPOLL_CTL_ADD, descriptor, &wanted) == 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    /// <summary>Changes what is watched.</summary>
    public void Change(FileDescriptor descriptor, uint events, ulong data) => Control(EPOLL_CTL_MOD, descriptor, events, data);

    /// <summary>Removes a descriptor; closing it does so too.</summary>
    public void Remove(FileDescriptor descriptor) => Control(EPOLL_CTL_DEL, descriptor, 0, 0);

    /// <summary>
    /// Waits at most this many nanoseconds (<see cref="long.MaxValue"/>: without end) and returns how many events came; 0 after a signal.
    /// </summary>
    public int Wait(Span<epoll_event> events, long ns)
    {
        var time = new timespec { tv_sec = ns / 1_000_000_000, tv_nsec = ns % 1_000_000_000 };
        fixed (epoll_event* at = events)
        {
            var count = LibC.epoll_pwait2(_epoll, at, events.Length, ns == long.MaxValue ? null : &time, null);
            if (count >= 0)
            {
                return count;
            }
        }

        var errno = Marshal.GetLastPInvokeError();
        return errno == Errno.EINTR ? 0 : throw new LinuxException(errno, "wait for events");
    }

    /// <inheritdoc/>
    public void Dispose() => _epoll.Dispose();

    private void Control(int operation, FileDescriptor descriptor, uint events, ulong data)
    {
        var wanted = new epoll_event { events = events, data = data };
        if (LibC.epoll_ctl(_epoll, operation, descriptor, &wanted) != 0)
        {
            throw new LinuxException(Marshal.GetLastPInvokeError(), "change an epoll set");
        }
    }
}
