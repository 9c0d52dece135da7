using System.Runtime.InteropServices;
using Probe.Core.Packets;
using static Probe.Core.Linux.SocketConstants;
using static Probe.Core.Linux.TcpConstants;

namespace Probe.Core.Linux.Sockets;

/// <summary>
/// The calls of one TCP probe on a bare descriptor. Nothing is allocated and nothing throws: what goes wrong is an error number, because to
/// a checker it is a result.
/// </summary>
internal static unsafe class TcpProbeSocket
{
    /// <summary>Opens a non-blocking socket, sets its options and binds it.</summary>
    /// <param name="options">What every socket of the run gets.</param>
    /// <param name="v6">IPv6.</param>
    /// <param name="synRetransmits">How often the kernel may send the SYN again (TCP_SYNCNT, 1 to 127); 0 leaves it as the host has
    /// it.</param>
    /// <param name="descriptor">The socket; −1 after an error.</param>
    public static int Open(TcpProbeOptions options, bool v6, int synRetransmits, out int descriptor)
    {
        descriptor = LibC.socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
        if (descriptor < 0)
        {
            return Marshal.GetLastPInvokeError();
        }

        var errno = Configure(descriptor, options, v6, synRetransmits);
        if (errno != 0)
        {
            Close(descriptor);
            descriptor = -1;
        }

        return errno;
    }

    /// <summary>Sends the SYN. 0 while the handshake goes on; an error number is this host's own word.</summary>
    public static int Connect(int descriptor, SocketAddress target)
    {
        if (LibC.connect(descriptor, &target, target.Length) == 0)
        {
            return 0;
        }

        var errno = Marshal.GetLastPInvokeError();
        return errno is Errno.EINPROGRESS or Errno.EINTR ? 0 : errno;
    }

    /// <summary>How the connection stands.</summary>
    public static TcpReading Read(int descriptor)
    {
        tcp_info info = default;
        var length = (uint)sizeof(tcp_info);
        _ = LibC.getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &length);
        return new TcpReading(in info);
    }

    /// <summary>The socket's pending error, which is thereby cleared; 0 for none.</summary>
    public static int TakeError(int descriptor)
    {
        int error;
        uint length = sizeof(int);
        return LibC.getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : Marshal.GetLastPInvokeError();
    }

    /// <summary>Takes the first ICMP error from the socket's error queue and empties the queue.</summary>
    /// <param name="descriptor">The socket.</param>
    /// <param name="error">Error number, type and code.</param>
    /// <param name="from">Who sent it (SO_EE_OFFENDER).</param>
    public static bool TryTakeIcmp(int descriptor, out sock_extended_err error, out IpAddress from)
    {
        const int Room = 256;
        (error, from) = (default, default);
        var found = false;
        var control = stackalloc byte[Room];
        while (true)
        {
            var message = new msghdr { msg_control = control, msg_controllen = Room };
            if (LibC.recvmsg(descriptor, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
            {
                return found;
            }

            var messages = new ControlMessages(new ReadOnlySpan<byte>(control, (int)message.msg_controllen));
            while (!found && messages.MoveNext())
            {
                if ((messages.Is<sock_extended_err>(IPPROTO_IP, IP_RECVERR, out error)
                    || messages.Is(IPPROTO_IPV6, IPV6_RECVERR, out error))
                    && error.ee_origin is SO_EE_ORIGIN_ICMP or SO_EE_ORIGIN_ICMP6)
                {
                    found = true;
                    from = Address(messages.Data[sizeof(sock_extended_err)..]);
                }
            }
        }
    }

    /// <summary>
    /// Whether the socket is connected to itself: where nobody listens, a port of this host that the kernel also chose as source answers
    /// its own SYN.
    /// </summary>
    public static bool IsItsOwnPeer(int descriptor)
    {
        SocketAddress local = default, peer = default;
        var (localLength, peerLength) = ((uint)sizeof(SocketAddress), (uint)sizeof(SocketAddress));
        return LibC.getsockname(descriptor, &local, &localLength) == 0 && LibC.getpeername(descriptor, &peer, &peerLength) == 0
            && local.Port == peer.Port && local.Address == peer.Address;
    }

    /// <summary>Closes: a RST leaves at once where a SYN-ACK has come. close(2) releases the number whatever it reports.</summary>
    public static void Close(int descriptor) => _ = LibC.close(descriptor);

    private static int Configure(int descriptor, TcpProbeOptions options, bool v6, int synRetransmits)
    {
        foreach (ref readonly var option in options.For(v6))
        {
            var value = option.Value;
            if (LibC.setsockopt(descriptor, option.Level, option.Name, &value, option.Length) != 0)
            {
                return Marshal.GetLastPInvokeError();
            }
        }

        if (synRetransmits != 0 && LibC.setsockopt(descriptor, IPPROTO_TCP, TCP_SYNCNT, &synRetransmits, sizeof(int)) != 0)
        {
            return Marshal.GetLastPInvokeError();
        }

        fixed (byte* device = options.Device)
        {
            if (device != null && LibC.setsockopt(descriptor, SOL_SOCKET, SO_BINDTODEVICE, device, (uint)options.Device.Length) != 0)
            {
                return Marshal.GetLastPInvokeError();
            }
        }

        if (options.Source.Family == 0)
        {
            return 0;
        }

        var source = options.Source;
        return LibC.bind(descriptor, &source, source.Length) == 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    private static IpAddress Address(ReadOnlySpan<byte> octets)
    {
        // sockaddr_in is shorter than the union; what the kernel did not write stays 0.
        SocketAddress address = default;
        octets[..Math.Min(octets.Length, sizeof(SocketAddress))].CopyTo(new Span<byte>(&address, sizeof(SocketAddress)));
        return address.Address;
    }
}
