using System.Runtime.InteropServices;
using static Probe.Core.Linux.SystemConstants;

namespace Probe.Core.Linux;

/// <summary>A descriptor (eventfd(2)) that becomes readable when another thread or a signal handler says so.</summary>
internal sealed unsafe class EventDescriptor : IDisposable
{
    private readonly FileDescriptor _event;

    public EventDescriptor()
    {
        var number = LibC.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        _event = number >= 0 ? new FileDescriptor(number) : throw new LinuxException(Marshal.GetLastPInvokeError(), "make an event descriptor");
    }

    /// <summary>For poll sets.</summary>
    public int Number => _event.Number;

    /// <summary>Makes it readable. Safe from any thread and from a signal handler.</summary>
    public void Signal()
    {
        if (_event.IsClosed)
        {
            return;
        }

        ulong one = 1;
        _ = LibC.write(_event, &one, sizeof(ulong));
    }

    /// <summary>Makes it unreadable again.</summary>
    public void Clear()
    {
        ulong count;
        _ = LibC.read(_event, &count, sizeof(ulong));
    }

    /// <inheritdoc/>
    public void Dispose() => _event.Dispose();
}
