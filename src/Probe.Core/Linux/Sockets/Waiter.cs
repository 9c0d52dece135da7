using System.Runtime.InteropServices;
using static Probe.Core.Linux.WaitConstants;

namespace Probe.Core.Linux.Sockets;

/// <summary>
/// Waits with nanosecond deadlines until one of a few descriptors is readable, or another thread calls <see cref="Wake"/>.
/// </summary>
internal sealed unsafe class Waiter : IDisposable
{
    private readonly WakeEvent _wake = new();
    private readonly pollfd[] _set;

    public Waiter(params ReadOnlySpan<FileDescriptor> descriptors)
    {
        // Pinned for life: the kernel reads it on every wait.
        _set = GC.AllocateArray<pollfd>(descriptors.Length + 1, pinned: true);
        _set[0] = new pollfd { fd = _wake.Descriptor.Number, events = POLLIN };
        for (var i = 0; i < descriptors.Length; i++)
        {
            _set[i + 1] = new pollfd { fd = descriptors[i].Number, events = POLLIN };
        }
    }

    /// <summary>Waits at most this long; 0 looks once. True when woken by <see cref="Wake"/>.</summary>
    /// <param name="ns">Nanoseconds; <see cref="long.MaxValue"/> waits without end.</param>
    public bool Wait(long ns)
    {
        var time = new timespec { tv_sec = ns / 1_000_000_000, tv_nsec = ns % 1_000_000_000 };
        fixed (pollfd* set = _set)
        {
            if (LibC.ppoll(set, (nuint)_set.Length, ns == long.MaxValue ? null : &time, null) < 0)
            {
                var errno = Marshal.GetLastPInvokeError();
                if (errno == Errno.EINTR)
                {
                    // The caller looks at its clock and waits again; what the set says is from before.
                    for (var i = 0; i < _set.Length; i++)
                    {
                        _set[i].revents = 0;
                    }

                    return false;
                }

                throw new LinuxException(errno, "wait for packets");
            }
        }

        if (_set[0].revents == 0)
        {
            return false;
        }

        _wake.Clear();
        return true;
    }

    /// <summary>After <see cref="Wait"/>: whether the descriptor at this place is readable or failed.</summary>
    public bool IsReady(int index) => _set[index + 1].revents != 0;

    /// <summary>Ends a wait, the present or the next one. Safe from any thread and from a signal handler.</summary>
    public void Wake() => _wake.Set();

    /// <inheritdoc/>
    public void Dispose() => _wake.Dispose();
}
