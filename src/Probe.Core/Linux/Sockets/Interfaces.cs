using System.Runtime.InteropServices;
using System.Text;
using static Probe.Core.Linux.DeviceConstants;
using static Probe.Core.Linux.SocketConstants;

namespace Probe.Core.Linux.Sockets;

/// <summary>Interfaces of the calling thread's network namespace.</summary>
internal static unsafe class Interfaces
{
    /// <summary>Index of an interface.</summary>
    /// <exception cref="LinuxException">No interface has this name.</exception>
    public static int Index(string name)
    {
        var index = LibC.if_nametoindex(name);
        return index != 0 ? (int)index : throw new LinuxException(Marshal.GetLastPInvokeError(), $"find interface {name}", "see: ip link");
    }

    /// <summary>Index of an interface; 0 when it is gone.</summary>
    public static int IndexOrZero(string name) => (int)LibC.if_nametoindex(name);

    /// <summary>Name of an interface; null when it is gone.</summary>
    public static string? Name(int index)
    {
        var name = stackalloc byte[IFNAMSIZ];
        return LibC.if_indextoname((uint)index, name) == null ? null : Marshal.PtrToStringUTF8((nint)name);
    }

    /// <summary>MTU of an interface, octets of an IP packet.</summary>
    public static int Mtu(string name) => Request(name, SIOCGIFMTU, "read the MTU of").ifr_mtu;

    /// <summary>Hardware type (ARPHRD_…) of an interface: Ethernet, loopback, none for a TUN device.</summary>
    public static int HardwareType(string name) => (ushort)Request(name, SIOCGIFHWADDR, "read the type of").ifr_flags;

    internal static ifreq Name(string name)
    {
        ifreq request = default;
        if (Encoding.UTF8.GetByteCount(name) >= IFNAMSIZ)
        {
            throw new LinuxException(Errno.ENODEV, $"use interface {name}");
        }

        Encoding.UTF8.GetBytes(name, new Span<byte>(request.ifr_name, IFNAMSIZ));
        return request;
    }

    private static ifreq Request(string name, uint operation, string attempt)
    {
        using var socket = SocketCalls.Open(AF_INET, SOCK_DGRAM, 0, "a datagram socket");
        var request = Name(name);
        return LibC.ioctl(socket, operation, &request) == 0
            ? request
            : throw new LinuxException(Marshal.GetLastPInvokeError(), $"{attempt} interface {name}");
    }
}
