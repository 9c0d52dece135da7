using System.Runtime.InteropServices;
using static Probe.Core.Linux.SocketConstants;
using static Probe.Core.Linux.TcpConstants;

namespace Probe.Core.Linux.Sockets;

/// <summary>
/// The calls of an established TCP connection; none of them waits. What ends a connection is an error number, because it is a result.
/// </summary>
internal static unsafe class TcpStream
{
    // A SYN with all its headers and options is shorter.
    private const int SynRoom = 256;

    /// <summary>Opens a TCP socket.</summary>
    /// <exception cref="LinuxException">It is refused.</exception>
    public static FileDescriptor Open(bool v4) => SocketCalls.Open(v4 ? AF_INET : AF_INET6, SOCK_STREAM, IPPROTO_TCP, "a TCP socket");

    /// <summary>Sends what is written at once, resets when it is closed, and has room for so many octets.</summary>
    /// <exception cref="LinuxException">An option is refused.</exception>
    public static void Tune(FileDescriptor socket, int sendBuffer)
    {
        SocketCalls.Set(socket, IPPROTO_TCP, TCP_NODELAY, 1, nameof(TCP_NODELAY));
        SocketCalls.Set(socket, SOL_SOCKET, SO_LINGER, new linger { l_onoff = 1 }, nameof(SO_LINGER));
        SocketCalls.SendBuffer(socket, sendBuffer);
    }

    /// <summary>Sets the TOS or traffic class octet.</summary>
    /// <exception cref="LinuxException">The option is refused.</exception>
    public static void TrafficClass(FileDescriptor socket, bool v4, byte octet) =>
        SocketCalls.TrafficClass(socket, v4 ? AF_INET : AF_INET6, octet);

    /// <summary>TCP_INFO now.</summary>
    public static TcpInfo Info(FileDescriptor socket)
    {
        var info = SocketCalls.Front<tcp_info>(socket, IPPROTO_TCP, TCP_INFO, out var filled);
        return new TcpInfo(info, filled);
    }

    /// <summary>
    /// IPv4 packets of the socket carry DF: always, never, or, null, unless the route's MTU is locked (IP_MTU_DISCOVER; its default is
    /// net.ipv4.ip_no_pmtu_disc's).
    /// </summary>
    public static bool? SetsDontFragment(FileDescriptor socket) =>
        SocketCalls.Get<int>(socket, IPPROTO_IP, IP_MTU_DISCOVER, nameof(IP_MTU_DISCOVER)) switch
        {
            IP_PMTUDISC_WANT => null,
            IP_PMTUDISC_DO or IP_PMTUDISC_PROBE => true,
            _ => false,
        };

    /// <summary>Octets written and not yet acknowledged (SIOCOUTQ).</summary>
    public static int Queued(FileDescriptor socket)
    {
        int octets;
        return LibC.ioctl(socket, SIOCOUTQ, &octets) == 0 ? octets : 0;
    }

    /// <summary>
    /// The SYN that opened an accepted connection, from its IP header on, where the listener asked for it (TCP_SAVE_SYN); empty otherwise.
    /// </summary>
    public static ReadOnlySpan<byte> SavedSyn(FileDescriptor socket)
    {
        var octets = new byte[SynRoom];
        var length = (uint)octets.Length;
        fixed (byte* at = octets)
        {
            return LibC.getsockopt(socket, IPPROTO_TCP, TCP_SAVED_SYN, at, &length) == 0 ? octets.AsSpan(0, (int)length) : [];
        }
    }

    /// <summary>Hands octets to the kernel.</summary>
    /// <param name="socket">The connection.</param>
    /// <param name="octets">What to send.</param>
    /// <param name="count">How many it took.</param>
    /// <returns>0, or the error number: EAGAIN when its buffer is full.</returns>
    public static int TrySend(FileDescriptor socket, ReadOnlySpan<byte> octets, out int count)
    {
        fixed (byte* at = octets)
        {
            while (true)
            {
                var sent = LibC.sendto(socket, at, (nuint)octets.Length, MSG_DONTWAIT | MSG_NOSIGNAL, null, 0);
                var errno = sent >= 0 ? 0 : Marshal.GetLastPInvokeError();
                if (errno != Errno.EINTR)
                {
                    count = Math.Max(0, (int)sent);
                    return errno;
                }
            }
        }
    }

    /// <summary>Reads what waits.</summary>
    /// <param name="socket">The connection.</param>
    /// <param name="octets">Where to.</param>
    /// <param name="count">How many came; 0 without an error says that the peer sends no more.</param>
    /// <returns>0, or the error number: EAGAIN when nothing waits.</returns>
    public static int TryReceive(FileDescriptor socket, Span<byte> octets, out int count)
    {
        fixed (byte* at = octets)
        {
            while (true)
            {
                var part = new iovec { iov_base = at, iov_len = (nuint)octets.Length };
                var message = new msghdr { msg_iov = &part, msg_iovlen = 1 };
                var came = LibC.recvmsg(socket, &message, MSG_DONTWAIT);
                var errno = came >= 0 ? 0 : Marshal.GetLastPInvokeError();
                if (errno != Errno.EINTR)
                {
                    count = Math.Max(0, (int)came);
                    return errno;
                }
            }
        }
    }

    /// <summary>Sends the FIN after what is written; a connection that is over already stays so.</summary>
    public static void FinishSending(FileDescriptor socket) => _ = LibC.shutdown(socket, SHUT_WR);
}
