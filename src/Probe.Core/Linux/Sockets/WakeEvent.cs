using System.Runtime.InteropServices;
using static Probe.Core.Linux.WaitConstants;

namespace Probe.Core.Linux.Sockets;

/// <summary>An event descriptor: readable from <see cref="Set"/>, from any thread or a signal handler, until <see cref="Clear"/>.</summary>
internal sealed unsafe class WakeEvent : IDisposable
{
    public WakeEvent()
    {
        var number = LibC.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        Descriptor = number >= 0
            ? new FileDescriptor(number) : throw new LinuxException(Marshal.GetLastPInvokeError(), "make an event descriptor");
    }

    /// <summary>For poll sets.</summary>
    public FileDescriptor Descriptor { get; }

    /// <summary>Makes it readable; nothing once it is closed.</summary>
    public void Set()
    {
        if (Descriptor.IsClosed)
        {
            return;
        }

        ulong one = 1;
        _ = LibC.write(Descriptor, &one, sizeof(ulong));
    }

    /// <summary>Makes it not readable.</summary>
    public void Clear()
    {
        ulong count;
        _ = LibC.read(Descriptor, &count, sizeof(ulong));
    }

    /// <inheritdoc/>
    public void Dispose() => Descriptor.Dispose();
}
