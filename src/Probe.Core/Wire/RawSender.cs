using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Probe.Core.Linux.Sockets;
using Probe.Core.Linux;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;
using static Probe.Core.Linux.SocketConstants;

namespace Probe.Core.Wire;

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
    private readonly byte[] _memory = GC.AllocateArray<byte>(AddressRoom, pinned: true);
    private readonly MessageBatch _batch = new(BatchSize, dataSize: 0, controlSize: 192);
    private readonly SendGroup _group = new();
    private readonly StampNumbers _stamps = new();
    private readonly FileDescriptor _socket;
    private readonly bool _stamped;
    private IpAddress _foreignSource;

    public RawSender(bool v6, RawPortOptions options)
    {
        _v6 = v6;
        _scope = v6 && options.Interface is { } name ? Interfaces.Index(name) : 0;
        _stamped = options.TransmitStamps;
        _socket = Open(options);
    }

    /// <summary>Sends one packet, its IP header first.</summary>
    /// <param name="packet">The packet.</param>
    /// <param name="number">The probe's number.</param>
    /// <param name="beforeNs">The run's clock before the call; no stamp can be earlier.</param>
    public SendStatus Send(ReadOnlySpan<byte> packet, int number, long beforeNs)
    {
        var (source, target) = Ends(packet);
        var errno = TrySend(packet, target, source == _foreignSource ? default : source);
        if (errno == Errno.EINVAL && _v6 && source != _foreignSource)
        {
            // The source chooses among policy routes, and IPv6 takes only local ones; the packet itself may carry any.
            _foreignSource = source;
            errno = TrySend(packet, target, default);
        }

        return Conclude(errno, number, beforeNs, target);
    }

    /// <summary>
    /// Sends those packets of a batch that are of this family, with as few calls as the kernel allows, and sets their status.
    /// </summary>
    /// <param name="batch">The packets.</param>
    /// <param name="beforeNs">The run's clock before the call; no stamp can be earlier.</param>
    public void Send(SendBatch batch, long beforeNs)
    {
        var count = _group.Fill(batch, _v6, this);
        for (var done = 0; done < count;)
        {
            var sent = _group.Send(_socket, done, count - done, out var errno);
            for (var end = done + sent; done < end; done++)
            {
                batch.Status(_group.Place(done)) = Conclude(0, batch.Number(_group.Place(done)), beforeNs, default);
            }

            if (errno == 0)
            {
                continue;
            }

            // The first of the rest was refused: it alone, so the others are still to be tried.
            var place = _group.Place(done++);
            batch.Error(place) = errno;
            batch.Status(place) = errno == Errno.EINVAL && _v6
                ? Send(batch.Packet(place), batch.Number(place), beforeNs)
                : Conclude(errno, batch.Number(place), beforeNs, Ends(batch.Packet(place)).Target);
            if (batch.Status(place) == SendStatus.Busy)
            {
                // So would the others be.
                for (; done < count; done++)
                {
                    batch.Status(_group.Place(done)) = SendStatus.Busy;
                }
            }
        }
    }

    private SendStatus Conclude(int errno, int number, long beforeNs, IpAddress target)
    {
        switch (errno)
        {
            case 0:
                if (_stamped)
                {
                    _stamps.Sent(number, beforeNs);
                }

                return SendStatus.Sent;
            case Errno.EAGAIN:
                return SendStatus.Busy;
            case Errno.EMSGSIZE:
                return SendStatus.TooBig;
            case Errno.ENETUNREACH or Errno.EHOSTUNREACH or Errno.EINVAL or Errno.EADDRNOTAVAIL:
                return SendStatus.NoRoute;
            case Errno.EACCES:
                return SendStatus.LocalRule;
            case Errno.EPERM:
                // The output hook dropped it, after the kernel had numbered it (raw_send_hdrinc).
                _stamps.Refused();
                return SendStatus.LocalRule;
        }

        if (_stamped)
        {
            // Whether these strike before or after the numbering is not certain: count from 0 again.
            RestartNumbers();
        }

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
        fixed (byte* data = packet)
        {
            var part = new iovec { iov_base = data, iov_len = (nuint)packet.Length };
            var message = Address(&part, at, target, source);
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

    private (IpAddress Source, IpAddress Target) Ends(ReadOnlySpan<byte> packet) => _v6
        ? (new IpAddress(packet[8..24]), new IpAddress(packet[24..40]))
        : (new IpAddress(packet[12..16]), new IpAddress(packet[16..20]));

    /// <summary>Octets that the address and control message of one packet take.</summary>
    private const int AddressRoom = 32 + 48;

    /// <summary>The header of a message: where it goes, and by whose address its route is chosen.</summary>
    private msghdr Address(iovec* part, byte* memory, IpAddress target, IpAddress source)
    {
        var address = (SocketAddress*)memory;
        *address = new SocketAddress(target, 0, _scope);
        var message = new msghdr { msg_name = address, msg_namelen = address->Length, msg_iov = part, msg_iovlen = 1 };
        if (!source.IsNone)
        {
            message.msg_control = memory + 32;
            message.msg_controllen = (nuint)WriteSource(memory + 32, source);
        }

        return message;
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
        var socket = SocketCalls.Open(_v6 ? AF_INET6 : AF_INET, SOCK_RAW, IPPROTO_RAW, "a raw socket");
        try
        {
            // A packet that claims protocol 255 would otherwise fill the buffer that the stamps share.
            SocketFilter.DropAll.Attach(socket);
            SocketCalls.ReceiveBuffer(socket, 4 << 20);
            SocketCalls.SendBuffer(socket, 4 << 20);
            if (options.Interface is { } name)
            {
                SocketCalls.BindToDevice(socket, name);
            }

            if (options.Mark is { } mark)
            {
                SocketCalls.Mark(socket, mark);
            }

            if (options.TransmitStamps)
            {
                SocketCalls.Set(socket, SOL_SOCKET, SO_TIMESTAMPING, StampFlags, nameof(SO_TIMESTAMPING));
            }

            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Memory for one <c>sendmmsg</c>, pinned for life.</summary>
    private sealed class SendGroup
    {
        private readonly mmsghdr[] _messages = GC.AllocateArray<mmsghdr>(SendBatch.Capacity, pinned: true);
        private readonly iovec[] _parts = GC.AllocateArray<iovec>(SendBatch.Capacity, pinned: true);
        private readonly byte[] _addresses = GC.AllocateArray<byte>(SendBatch.Capacity * AddressRoom, pinned: true);
        private readonly int[] _places = new int[SendBatch.Capacity];

        /// <summary>Takes the packets of one family and returns how many there are.</summary>
        public int Fill(SendBatch batch, bool v6, RawSender sender)
        {
            var count = 0;
            for (var i = 0; i < batch.Count; i++)
            {
                var packet = batch.Packet(i);
                if (packet[0] >> 4 == 6 != v6)
                {
                    continue;
                }

                var (source, target) = sender.Ends(packet);
                var part = (iovec*)Unsafe.AsPointer(ref _parts[count]);
                *part = new iovec { iov_base = batch.Pointer(i), iov_len = (nuint)packet.Length };
                var memory = (byte*)Unsafe.AsPointer(ref _addresses[count * AddressRoom]);
                _messages[count].msg_hdr = sender.Address(part, memory, target, source == sender._foreignSource ? default : source);
                _places[count++] = i;
            }

            return count;
        }

        /// <summary>Where in the batch a packet of the group stands.</summary>
        public int Place(int i) => _places[i];

        /// <summary>Sends from one packet on; returns how many left, and what the next one met if it was the first.</summary>
        public int Send(FileDescriptor socket, int from, int count, out int errno)
        {
            while (true)
            {
                errno = 0;
                var sent = LibC.sendmmsg(socket, (mmsghdr*)Unsafe.AsPointer(ref _messages[from]), (uint)count, MSG_DONTWAIT);
                if (sent >= 0)
                {
                    return sent;
                }

                errno = Marshal.GetLastPInvokeError();
                if (errno != Errno.EINTR)
                {
                    return 0;
                }
            }
        }
    }
}
