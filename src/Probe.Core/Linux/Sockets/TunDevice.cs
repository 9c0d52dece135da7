using System.Runtime.InteropServices;
using Probe.Core.Linux.Files;
using static Probe.Core.Linux.DeviceConstants;
using static Probe.Core.Linux.FileConstants;

namespace Probe.Core.Linux.Sockets;

/// <summary>A TUN device: whole IP packets, read and written one by one. It is gone when closed.</summary>
internal sealed unsafe class TunDevice : IDisposable
{
    /// <summary>Makes the device in the calling thread's network namespace.</summary>
    /// <exception cref="LinuxException">No /dev/net/tun, or no CAP_NET_ADMIN.</exception>
    public TunDevice(string name)
    {
        Descriptor = FileCalls.Open("/dev/net/tun", O_RDWR | O_NONBLOCK);
        var request = Interfaces.Name(name);
        request.ifr_flags = IFF_TUN | IFF_NO_PI;
        if (LibC.ioctl(Descriptor, TUNSETIFF, &request) != 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            Descriptor.Dispose();
            throw new LinuxException(errno, $"make TUN device {name}",
                errno == Errno.EPERM ? LinuxException.NeedsCapability("CAP_NET_ADMIN") : null);
        }

        Name = name;
    }

    /// <summary>The descriptor, for poll sets.</summary>
    public FileDescriptor Descriptor { get; }

    /// <summary>Name of the interface.</summary>
    public string Name { get; }

    /// <summary>Reads one packet; -1 when none waits.</summary>
    public int Read(Span<byte> packet) => FileCalls.TryRead(Descriptor, packet);

    /// <summary>Hands one packet to the kernel as if it had arrived on the device.</summary>
    public bool Write(ReadOnlySpan<byte> packet) => FileCalls.TryWrite(Descriptor, packet);

    /// <inheritdoc/>
    public void Dispose() => Descriptor.Dispose();
}
