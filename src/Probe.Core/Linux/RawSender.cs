using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Probe.Core.Packets;
using Probe.Core.Probing;
using static Probe.Core.Linux.SocketConstants;

namespace Probe.Core.Linux;

/// <summary>
/// Sends whole IP packets of one family and collects their transmit stamps. The socket's protocol is 255 (IPPROTO_RAW), which no
/// quoted packet ever carries: whatever ICMP our packets draw, the kernel finds no socket of ours to learn a path MTU for.
/// </summary>
internal sealed unsafe class RawSender : IDisposable
{
    private const int BatchSize = 32;

    private const int StampFlags =
        SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY;

    private readonly bool _v6;
    private readonly int _scope;
    private readonly byte[] _memory = GC.AllocateArray<byte>(128, pinned: true);
    private readonly MessageBatch _batch = new(BatchSize, dataSize: 0, controlSize: 192);
    private readonly StampNumbers _stamps = new();
    private readonly FileDescriptor _socket;
    private IpAddress _foreignSource;

    public RawSender(bool v6, RawPortOptions options)
    {
        _v6 = v6;
        _scope = v6 && options.Interface is { } name ? Interfaces.Index(name) : 0;
        _socket = Open(options);
    }

    /// <summary>Sends one packet, its IP header first.</summary>
    /// <param name="packet">The packet.</param>
    /// <param name="number">The probe's number.</param>
    /// <param name="beforeNs">The run's clock before the call; no stamp can be earlier.</param>
    public SendStatus Send(ReadOnlySpan<byte> packet, int number, long beforeNs)
    {
        var (source, target) = _v6
            ? (new IpAddress(packet[8..24]), new IpAddress(packet[24..40]))
            : (new IpAddress(packet[12..16]), new IpAddress(packet[16..20]));
        var errno = TrySend(packet, target, source == _foreignSource ? default : source);
        if (errno == Errno.EINVAL && _v6 && source != _foreignSource)
        {
            // The source chooses among policy routes, and IPv6 takes only local ones; the packet itself may carry any.
            _foreignSource = source;
            errno = TrySend(packet, target, default);
        }

        switch (errno)
        {
            case 0:
                _stamps.Sent(number, beforeNs);
                return SendStatus.Sent;
            case Errno.EAGAIN:
                return SendStatus.Busy;
            case Errno.EMSGSIZE:
                return SendStatus.TooBig;
            case Errno.ENETUNREACH or Errno.EHOSTUNREACH or Errno.EINVAL or Errno.EADDRNOTAVAIL:
                return SendStatus.NoRoute;
            case Errno.EACCES:
                return SendStatus.Refused;
            case Errno.EPERM:
                // The output hook dropped it, after the kernel had numbered it (raw_send_hdrinc).
                _stamps.Refused();
                return SendStatus.Refused;
        }

        // Whether these strike before or after the numbering is not certain: count from 0 again.
        RestartNumbers();
        return errno switch
        {
            Errno.ENOBUFS => SendStatus.Busy,
            Errno.ENETDOWN or Errno.ENODEV or Errno.ENXIO => SendStatus.NoRoute,
            _ => throw new LinuxException(errno, $"send to {target}"),
        };
    }

    /// <summary>Hands over the transmit stamps that have come.</summary>
    public void ReadStamps(StampClock clock, IPacketSink sink)
    {
        while (_stamps.Outstanding > 0)
        {
            var count = _batch.Receive(_socket, MSG_ERRQUEUE);
            if (count > 0)
            {
                clock.Anchor();
            }

            for (var i = 0; i < count; i++)
            {
                if (_stamps.TryPlace(QueuedError.Read(_batch, i), clock, out var number, out var atNs))
                {
                    sink.Transmitted(number, atNs);
                }
            }

            if (count < _batch.Capacity)
            {
                return;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    internal void RestartNumbers() => _stamps.Restart(_socket, StampFlags);

    private int TrySend(ReadOnlySpan<byte> packet, IpAddress target, IpAddress source)
    {
        var at = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_memory));
        var address = (SocketAddress*)at;
        *address = new SocketAddress(target, 0, _scope);
        var control = at + 32;
        var message = new msghdr { msg_name = address, msg_namelen = address->Length, msg_iovlen = 1 };
        if (!source.IsNone)
        {
            message.msg_control = control;
            message.msg_controllen = (nuint)WriteSource(control, source);
        }

        fixed (byte* data = packet)
        {
            var part = new iovec { iov_base = data, iov_len = (nuint)packet.Length };
            message.msg_iov = &part;
            while (LibC.sendmsg(_socket, &message, MSG_DONTWAIT) < 0)
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

    // Without it the kernel chooses the route as if the source were still open, and "ip rule from …" is not followed.
    private int WriteSource(byte* control, IpAddress source)
    {
        var header = (cmsghdr*)control;
        var size = _v6 ? sizeof(in6_pktinfo) : sizeof(in_pktinfo);
        header->cmsg_len = (nuint)(sizeof(cmsghdr) + size);
        header->cmsg_level = _v6 ? IPPROTO_IPV6 : IPPROTO_IP;
        header->cmsg_type = _v6 ? IPV6_PKTINFO : IP_PKTINFO;
        var data = control + sizeof(cmsghdr);
        new Span<byte>(data, size).Clear();
        source.WriteTo(_v6 ? new Span<byte>(data, 16) : new Span<byte>(&((in_pktinfo*)data)->ipi_spec_dst, 4));
        return ControlMessages.Align(sizeof(cmsghdr) + size);
    }

    private FileDescriptor Open(RawPortOptions options)
    {
        var socket = Sockets.Open(_v6 ? AF_INET6 : AF_INET, SOCK_RAW, IPPROTO_RAW, "a raw socket");
        try
        {
            // A packet that claims protocol 255 would otherwise fill the buffer that the stamps share.
            SocketFilter.DropAll.Attach(socket);
            Sockets.ReceiveBuffer(socket, 4 << 20);
            Sockets.SendBuffer(socket, 4 << 20);
            if (options.Interface is { } name)
            {
                Sockets.BindToDevice(socket, name);
            }

            if (options.Mark is { } mark)
            {
                Sockets.Mark(socket, mark);
            }

            Sockets.Set(socket, SOL_SOCKET, SO_TIMESTAMPING, StampFlags, nameof(SO_TIMESTAMPING));
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
