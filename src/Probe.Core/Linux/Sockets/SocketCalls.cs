using System.Runtime.InteropServices;
using System.Text;
using Probe.Core.Packets;
using static Probe.Core.Linux.SocketConstants;

namespace Probe.Core.Linux.Sockets;

/// <summary>Opens, binds and configures sockets; every refusal is a <see cref="LinuxException"/>.</summary>
internal static unsafe class SocketCalls
{
    /// <summary>What to do about EMFILE.</summary>
    public const string RaiseDescriptorLimit = "raise the limit with: ulimit -n 65536";

    /// <summary>Opens a non-blocking socket that no child process inherits.</summary>
    /// <param name="family">AF_INET, ….</param>
    /// <param name="type">SOCK_RAW, ….</param>
    /// <param name="protocol">IPPROTO_RAW, …; 0 for the type's own.</param>
    /// <param name="attempt">As it follows "cannot open".</param>
    /// <param name="denied">What to do where it is not permitted; null where CAP_NET_RAW permits it.</param>
    public static FileDescriptor Open(int family, int type, int protocol, string attempt, string? denied = null)
    {
        var number = LibC.socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
        if (number >= 0)
        {
            return new FileDescriptor(number);
        }

        var errno = Marshal.GetLastPInvokeError();
        throw new LinuxException(errno, $"open {attempt}", errno switch
        {
            Errno.EPERM or Errno.EACCES => denied ?? LinuxException.NeedsCapability("CAP_NET_RAW"),
            Errno.EAFNOSUPPORT => family == AF_INET6 ? "IPv6 is switched off on this host" : null,
            Errno.EMFILE => RaiseDescriptorLimit,
            _ => null,
        });
    }

    /// <summary>Whether raw sockets of a family can be opened here: CAP_NET_RAW in the namespace's user namespace.</summary>
    public static bool MayOpenRaw(int family)
    {
        var number = LibC.socket(family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
        if (number < 0)
        {
            return Marshal.GetLastPInvokeError() is not (Errno.EPERM or Errno.EACCES);
        }

        new FileDescriptor(number).Dispose();
        return true;
    }

    /// <summary>Binds to a local address and port; port 0 lets the kernel choose.</summary>
    public static void Bind(FileDescriptor socket, SocketAddress address)
    {
        if (LibC.bind(socket, &address, address.Length) == 0)
        {
            return;
        }

        var errno = Marshal.GetLastPInvokeError();
        throw new LinuxException(errno, $"bind to {address.Address} port {address.Port}", errno switch
        {
            Errno.EADDRNOTAVAIL => "the address is not one of this host's",
            Errno.EADDRINUSE => address.Port == 0 ? "no free local port is left (net.ipv4.ip_local_port_range)" : "the port is in use",
            _ => null,
        });
    }

    /// <summary>Binds with any other kind of socket address.</summary>
    public static void Bind<T>(FileDescriptor socket, T address, string attempt)
        where T : unmanaged
    {
        if (LibC.bind(socket, &address, (uint)sizeof(T)) != 0)
        {
            throw new LinuxException(Marshal.GetLastPInvokeError(), attempt);
        }
    }

    /// <summary>Connects a datagram socket: chooses route and source address, sends nothing. The interface is for the error.</summary>
    public static void Connect(FileDescriptor socket, SocketAddress address, string? networkInterface = null)
    {
        if (LibC.connect(socket, &address, address.Length) == 0)
        {
            return;
        }

        var errno = Marshal.GetLastPInvokeError();
        throw new LinuxException(errno, $"reach {address.Address}{(networkInterface is null ? "" : " by " + networkInterface)}",
            errno switch
        {
            Errno.ENETUNREACH or Errno.EHOSTUNREACH when networkInterface is not null =>
                $"the interface is down, or no route leads there by it; see: ip route get {address.Address} oif {networkInterface}",
            Errno.ENETUNREACH or Errno.EHOSTUNREACH => $"this host has no route to it; see: ip route get {address.Address}",
            Errno.EACCES => "a local route prohibits it, or it is a broadcast address",
            Errno.EINVAL when address.Address.IsLinkLocalV6 => "a link-local address needs --interface",
            _ => null,
        });
    }

    /// <summary>Starts to listen.</summary>
    public static void Listen(FileDescriptor socket, int backlog)
    {
        if (LibC.listen(socket, backlog) != 0)
        {
            throw new LinuxException(Marshal.GetLastPInvokeError(), "listen");
        }
    }

    /// <summary>The local address and port.</summary>
    public static SocketAddress LocalAddress(FileDescriptor socket)
    {
        SocketAddress address = default;
        var length = (uint)sizeof(SocketAddress);
        return LibC.getsockname(socket, &address, &length) == 0
            ? address
            : throw new LinuxException(Marshal.GetLastPInvokeError(), "read a socket's local address");
    }

    /// <summary>Sets an option whose value is any plain struct, most often an <c>int</c>; the name is for the error.</summary>
    public static void Set<T>(FileDescriptor socket, int level, int option, T value, string name)
        where T : unmanaged
    {
        if (!TrySet(socket, level, option, value))
        {
            throw new LinuxException(Marshal.GetLastPInvokeError(), $"set {name}");
        }
    }

    /// <summary>Sets an option that may be refused; the error number stays readable.</summary>
    public static bool TrySet<T>(FileDescriptor socket, int level, int option, T value)
        where T : unmanaged =>
        LibC.setsockopt(socket, level, option, &value, (uint)sizeof(T)) == 0;

    /// <summary>Reads an option whose value is a plain struct.</summary>
    public static T Get<T>(FileDescriptor socket, int level, int option, string name)
        where T : unmanaged
    {
        T value = default;
        var length = (uint)sizeof(T);
        return LibC.getsockopt(socket, level, option, &value, &length) == 0
            ? value
            : throw new LinuxException(Marshal.GetLastPInvokeError(), $"read {name}");
    }

    /// <summary>
    /// Reads a struct that grows with each kernel: what this one does not fill stays 0, and so does all of it where the option is refused.
    /// </summary>
    /// <param name="socket">The socket.</param>
    /// <param name="level">The option's level.</param>
    /// <param name="option">The option.</param>
    /// <param name="filled">Octets that the kernel filled.</param>
    public static T Front<T>(FileDescriptor socket, int level, int option, out int filled)
        where T : unmanaged
    {
        T value = default;
        var length = (uint)sizeof(T);
        filled = LibC.getsockopt(socket, level, option, &value, &length) == 0 ? (int)length : 0;
        return value;
    }

    /// <summary>Accepts a connection, non-blocking; null when none waits.</summary>
    public static FileDescriptor? TryAccept(FileDescriptor listener, out SocketAddress from)
    {
        SocketAddress address = default;
        while (true)
        {
            var length = (uint)sizeof(SocketAddress);
            var number = LibC.accept4(listener, &address, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
            if (number >= 0)
            {
                from = address;
                return new FileDescriptor(number);
            }

            var errno = Marshal.GetLastPInvokeError();
            switch (errno)
            {
                case Errno.EINTR or Errno.ECONNABORTED:
                    break;
                case Errno.EAGAIN:
                    from = default;
                    return null;
                default:
                    throw new LinuxException(errno, "accept a connection", errno == Errno.EMFILE ? RaiseDescriptorLimit : null);
            }
        }
    }

    /// <summary>Ties a socket to one interface (SO_BINDTODEVICE).</summary>
    public static void BindToDevice(FileDescriptor socket, string name)
    {
        // The name must end with a zero inside IFNAMSIZ, or the kernel cuts it and finds another interface.
        Span<byte> octets = stackalloc byte[DeviceConstants.IFNAMSIZ];
        octets.Clear();
        if (Encoding.UTF8.GetByteCount(name) >= DeviceConstants.IFNAMSIZ)
        {
            throw new LinuxException(Errno.ENODEV, $"use interface {name}");
        }

        Encoding.UTF8.GetBytes(name, octets);
        fixed (byte* at = octets)
        {
            if (LibC.setsockopt(socket, SOL_SOCKET, SO_BINDTODEVICE, at, DeviceConstants.IFNAMSIZ) == 0)
            {
                return;
            }
        }

        var errno = Marshal.GetLastPInvokeError();
        throw new LinuxException(errno, $"use interface {name}",
            errno == Errno.EPERM ? LinuxException.NeedsCapability("CAP_NET_RAW") : null);
    }

    /// <summary>Marks a socket's packets for policy routing (SO_MARK).</summary>
    public static void Mark(FileDescriptor socket, uint mark)
    {
        if (!TrySet(socket, SOL_SOCKET, SO_MARK, mark))
        {
            var errno = Marshal.GetLastPInvokeError();
            throw new LinuxException(errno, $"set mark {mark}",
                errno == Errno.EPERM ? LinuxException.NeedsCapability("CAP_NET_ADMIN") : null);
        }
    }

    /// <summary>
    /// Keeps the route cache from learning a path MTU through this socket; both families number the modes alike.
    /// </summary>
    /// <param name="socket">The socket.</param>
    /// <param name="family">AF_INET or AF_INET6.</param>
    /// <param name="mode">IP_PMTUDISC_OMIT, or IP_PMTUDISC_INTERFACE, which refuses what is larger than the device takes instead of
    /// fragmenting it.</param>
    public static void LearnNoPathMtu(FileDescriptor socket, int family, int mode)
    {
        if (family == AF_INET6)
        {
            Set(socket, IPPROTO_IPV6, IPV6_MTU_DISCOVER, mode, nameof(IPV6_MTU_DISCOVER));
        }
        else
        {
            Set(socket, IPPROTO_IP, IP_MTU_DISCOVER, mode, nameof(IP_MTU_DISCOVER));
        }
    }

    /// <summary>Sets TTL or hop limit of what is sent from now on.</summary>
    public static void TimeToLive(FileDescriptor socket, int family, byte ttl)
    {
        if (family == AF_INET6)
        {
            Set(socket, IPPROTO_IPV6, IPV6_UNICAST_HOPS, (int)ttl, nameof(IPV6_UNICAST_HOPS));
        }
        else
        {
            Set(socket, IPPROTO_IP, IP_TTL, (int)ttl, nameof(IP_TTL));
        }
    }

    /// <summary>Sets the TOS or traffic class octet of what is sent from now on.</summary>
    public static void TrafficClass(FileDescriptor socket, int family, int octet)
    {
        if (family == AF_INET6)
        {
            Set(socket, IPPROTO_IPV6, IPV6_TCLASS, octet, nameof(IPV6_TCLASS));
        }
        else
        {
            Set(socket, IPPROTO_IP, IP_TOS, octet, nameof(IP_TOS));
        }
    }

    /// <summary>
    /// Puts every ICMP error about this socket's packets into its error queue, with RFC 4884 extensions where the kernel finds them (5.9),
    /// and lets TTL or hop limit come along with whatever arrives.
    /// </summary>
    public static void ReportErrors(FileDescriptor socket, int family)
    {
        if (family == AF_INET6)
        {
            Set(socket, IPPROTO_IPV6, IPV6_RECVERR, 1, nameof(IPV6_RECVERR));
            Set(socket, IPPROTO_IPV6, IPV6_RECVERR_RFC4884, 1, nameof(IPV6_RECVERR_RFC4884));
            Set(socket, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1, nameof(IPV6_RECVHOPLIMIT));
            Set(socket, IPPROTO_IPV6, IPV6_FLOWINFO_SEND, 1, nameof(IPV6_FLOWINFO_SEND));
        }
        else
        {
            Set(socket, IPPROTO_IP, IP_RECVERR, 1, nameof(IP_RECVERR));
            Set(socket, IPPROTO_IP, IP_RECVERR_RFC4884, 1, nameof(IP_RECVERR_RFC4884));
            Set(socket, IPPROTO_IP, IP_RECVTTL, 1, nameof(IP_RECVTTL));
        }
    }

    /// <summary>Sends one datagram; returns 0 or the error number, which may be that of an earlier one.</summary>
    public static int TrySend(FileDescriptor socket, ReadOnlySpan<byte> payload, SocketAddress to)
    {
        fixed (byte* at = payload)
        {
            while (LibC.sendto(socket, at, (nuint)payload.Length, MSG_DONTWAIT | MSG_NOSIGNAL, &to, to.Length) < 0)
            {
                var errno = Marshal.GetLastPInvokeError();
                if (errno != Errno.EINTR)
                {
                    return errno;
                }
            }
        }

        return 0;
    }

    /// <summary>Begins to connect; returns 0 when it is connected already, or the error number, EINPROGRESS as a rule.</summary>
    public static int TryConnect(FileDescriptor socket, SocketAddress to) =>
        LibC.connect(socket, &to, to.Length) == 0 ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>Takes the pending error of a socket; 0 when there is none.</summary>
    public static int TakeError(FileDescriptor socket) => Get<int>(socket, SOL_SOCKET, SO_ERROR, nameof(SO_ERROR));

    /// <summary>
    /// Asks for a receive buffer of this many octets, past net.core.rmem_max where CAP_NET_ADMIN allows.
    /// </summary>
    public static void ReceiveBuffer(FileDescriptor socket, int octets)
    {
        if (!TrySet(socket, SOL_SOCKET, SO_RCVBUFFORCE, octets))
        {
            Set(socket, SOL_SOCKET, SO_RCVBUF, octets, "SO_RCVBUF");
        }
    }

    /// <summary>Asks for a send buffer of this many octets, past net.core.wmem_max where CAP_NET_ADMIN allows.</summary>
    public static void SendBuffer(FileDescriptor socket, int octets)
    {
        if (!TrySet(socket, SOL_SOCKET, SO_SNDBUFFORCE, octets))
        {
            Set(socket, SOL_SOCKET, SO_SNDBUF, octets, "SO_SNDBUF");
        }
    }

    /// <summary>
    /// Packets this socket lost since it was opened. SO_RXQ_OVFL tells a loss only with the next packet that gets through; this tells it at
    /// once.
    /// </summary>
    public static uint Drops(FileDescriptor socket)
    {
        var info = stackalloc uint[SK_MEMINFO_VARS];
        var length = (uint)(SK_MEMINFO_VARS * sizeof(uint));
        if (LibC.getsockopt(socket, SOL_SOCKET, SO_MEMINFO, info, &length) != 0)
        {
            throw new LinuxException(Marshal.GetLastPInvokeError(), "read SO_MEMINFO");
        }

        return info[SK_MEMINFO_DROPS];
    }

    /// <summary>
    /// Lets only these ICMP types through (at most 31; ICMP_FILTER holds a bit for each type below 32, and a set bit blocks).
    /// </summary>
    public static void IcmpTypes(FileDescriptor socket, ReadOnlySpan<byte> types)
    {
        var blocked = uint.MaxValue;
        foreach (var type in types)
        {
            blocked &= ~(1u << type);
        }

        Set(socket, SOL_RAW, ICMP_FILTER, blocked, nameof(ICMP_FILTER));
    }

    /// <summary>Lets only these ICMPv6 types through (ICMP6_FILTER: 256 bits, a set bit blocks).</summary>
    public static void IcmpV6Types(FileDescriptor socket, ReadOnlySpan<byte> types)
    {
        var blocked = stackalloc uint[8];
        new Span<uint>(blocked, 8).Fill(uint.MaxValue);
        foreach (var type in types)
        {
            blocked[type >> 5] &= ~(1u << (type & 31));
        }

        if (LibC.setsockopt(socket, IPPROTO_ICMPV6, ICMP6_FILTER, blocked, 32) != 0)
        {
            throw new LinuxException(Marshal.GetLastPInvokeError(), $"set {nameof(ICMP6_FILTER)}");
        }
    }

    /// <summary>The interface index that a link-local address needs; 0 without an interface.</summary>
    public static int Scope(IpAddress address, string? networkInterface) =>
        address.IsLinkLocalV6 && networkInterface is not null ? Interfaces.Index(networkInterface) : 0;
}
