using System.Runtime.InteropServices;
using Probe.Core.Linux.Sockets;
using static Probe.Core.Linux.NetlinkConstants;
using static Probe.Core.Linux.SocketConstants;
using static Probe.Core.Linux.WaitConstants;

namespace Probe.Core.Linux.Netlink;

/// <summary>One netlink conversation, with rtnetlink or sock_diag: a request, its answers, its acknowledgment.</summary>
internal sealed unsafe class NetlinkSocket : IDisposable
{
    // A dump fills up to 32 KiB a read (net/netlink/af_netlink.c).
    private readonly byte[] _buffer = new byte[32 * 1024];
    private readonly FileDescriptor _socket;
    private uint _sequence;

    /// <summary>Opens it.</summary>
    /// <param name="protocol">NETLINK_ROUTE, or NETLINK_SOCK_DIAG.</param>
    /// <exception cref="LinuxException">Refused.</exception>
    public NetlinkSocket(int protocol = NETLINK_ROUTE)
    {
        _socket = SocketCalls.Open(AF_NETLINK, SOCK_RAW, protocol, "a netlink socket");
        SocketCalls.Bind(_socket, new sockaddr_nl { nl_family = AF_NETLINK }, "bind a netlink socket");
    }

    /// <summary>Lets a dump's header say what is wanted (NETLINK_GET_STRICT_CHK, 5.0); an older kernel sends everything.</summary>
    public void SelectStrictly() => _ = SocketCalls.TrySet(_socket, SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1);

    /// <summary>Takes one answer's type and octets after the netlink header.</summary>
    public delegate void Answer(ushort type, ReadOnlySpan<byte> body);

    /// <summary>NLMSG_ALIGN, RTA_ALIGN.</summary>
    public static int Align(int length) => (length + 3) & ~3;

    /// <summary>Sends a request and hands over the answers, until the kernel acknowledges it or a dump ends.</summary>
    /// <returns>0, or the error number with which the kernel refused it.</returns>
    public int Ask(NetlinkMessage message, Answer? answer = null)
    {
        Send(message.Finish(++_sequence));
        while (true)
        {
            var count = Receive();
            var rest = _buffer.AsSpan(0, count);
            while (rest.Length >= sizeof(nlmsghdr))
            {
                var header = MemoryMarshal.Read<nlmsghdr>(rest);
                if (header.nlmsg_len < sizeof(nlmsghdr) || header.nlmsg_len > rest.Length)
                {
                    break;
                }

                var body = rest[sizeof(nlmsghdr)..(int)header.nlmsg_len];
                rest = rest[Math.Min(Align((int)header.nlmsg_len), rest.Length)..];
                if (header.nlmsg_seq != _sequence)
                {
                    continue;
                }

                if (header.nlmsg_type is NLMSG_ERROR or NLMSG_DONE)
                {
                    return body.Length >= sizeof(int) ? -MemoryMarshal.Read<int>(body) : 0;
                }

                answer?.Invoke(header.nlmsg_type, body);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private void Send(ReadOnlySpan<byte> octets)
    {
        var kernel = new sockaddr_nl { nl_family = AF_NETLINK };
        fixed (byte* at = octets)
        {
            if (LibC.sendto(_socket, at, (nuint)octets.Length, 0, &kernel, (uint)sizeof(sockaddr_nl)) < 0)
            {
                throw new LinuxException(Marshal.GetLastPInvokeError(), "ask the kernel over netlink");
            }
        }
    }

    private int Receive()
    {
        fixed (byte* at = _buffer)
        {
            var part = new iovec { iov_base = at, iov_len = (nuint)_buffer.Length };
            var message = new msghdr { msg_iov = &part, msg_iovlen = 1 };
            while (true)
            {
                var count = LibC.recvmsg(_socket, &message, 0);
                if (count >= 0)
                {
                    return (int)count;
                }

                var errno = Marshal.GetLastPInvokeError();
                switch (errno)
                {
                    case Errno.EINTR:
                        break;
                    case Errno.EAGAIN:
                        Wait();
                        break;
                    default:
                        throw new LinuxException(errno, "read netlink answers");
                }
            }
        }
    }

    // The kernel answers within the send itself; a second without an answer means it never comes.
    private void Wait()
    {
        var second = new timespec { tv_sec = 1 };
        var set = new pollfd { fd = _socket.Number, events = POLLIN };
        var ready = LibC.ppoll(&set, 1, &second, null);
        var errno = Marshal.GetLastPInvokeError();
        if (ready == 0 || (ready < 0 && errno != Errno.EINTR))
        {
            throw new LinuxException(ready == 0 ? Errno.ETIMEDOUT : errno, "read netlink answers");
        }
    }
}
