using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static Probe.Core.Linux.SocketConstants;

namespace Probe.Core.Linux.Sockets;

/// <summary>Memory for one <c>recvmmsg</c>: messages, addresses, control messages and data, made once and pinned for life.</summary>
internal sealed unsafe class MessageBatch
{
    private readonly mmsghdr[] _messages;
    private readonly iovec[] _parts;
    private readonly byte[] _names;
    private readonly byte[] _controls;
    private readonly byte[] _data;
    private readonly int _controlSize;
    private readonly int _dataSize;

    /// <summary>Makes the memory.</summary>
    /// <param name="count">Messages a call.</param>
    /// <param name="dataSize">Octets kept of each message; the rest is cut off.</param>
    /// <param name="controlSize">Octets of control messages each.</param>
    public MessageBatch(int count, int dataSize, int controlSize)
    {
        _dataSize = dataSize;
        _controlSize = controlSize;
        _messages = GC.AllocateArray<mmsghdr>(count, pinned: true);
        _parts = GC.AllocateArray<iovec>(count, pinned: true);
        _names = GC.AllocateArray<byte>(count * sizeof(SocketAddress), pinned: true);
        _controls = GC.AllocateArray<byte>(count * controlSize, pinned: true);
        _data = GC.AllocateArray<byte>(Math.Max(1, count * dataSize), pinned: true);
        for (var i = 0; i < count; i++)
        {
            _parts[i] = new iovec { iov_base = At(_data, i * dataSize), iov_len = (nuint)dataSize };
            ref var header = ref _messages[i].msg_hdr;
            header.msg_name = At(_names, i * sizeof(SocketAddress));
            header.msg_iov = (iovec*)Unsafe.AsPointer(ref _parts[i]);
            header.msg_iovlen = 1;
            header.msg_control = At(_controls, i * controlSize);
        }
    }

    /// <summary>Messages a call can bring.</summary>
    public int Capacity => _messages.Length;

    /// <summary>Reads what waits, without waiting; returns how many messages came.</summary>
    public int Receive(FileDescriptor socket, int flags)
    {
        for (var i = 0; i < _messages.Length; i++)
        {
            ref var header = ref _messages[i].msg_hdr;
            header.msg_namelen = (uint)sizeof(SocketAddress);
            header.msg_controllen = (nuint)_controlSize;
        }

        while (true)
        {
            var count =
                LibC.recvmmsg(socket, (mmsghdr*)Unsafe.AsPointer(ref _messages[0]), (uint)_messages.Length, flags | MSG_DONTWAIT, null);
            if (count >= 0)
            {
                return count;
            }

            var errno = Marshal.GetLastPInvokeError();
            switch (errno)
            {
                case Errno.EAGAIN:
                    return 0;
                case Errno.EINTR:
                    break;

                // A pending error of the interface or of an earlier packet: reported once, then the queue is readable again.
                case Errno.ENETDOWN or Errno.EHOSTUNREACH or Errno.ENETUNREACH or Errno.ECONNREFUSED or Errno.EMSGSIZE or Errno.EPROTO
                    or Errno.EACCES or Errno.ENOPROTOOPT or Errno.EOPNOTSUPP or Errno.EHOSTDOWN or Errno.ENONET:
                    break;
                default:
                    throw new LinuxException(errno, "receive packets");
            }
        }
    }

    /// <summary>Who sent message <paramref name="i"/>.</summary>
    public ref readonly SocketAddress From(int i) => ref Unsafe.As<byte, SocketAddress>(ref _names[i * sizeof(SocketAddress)]);

    /// <summary>The sender as the link layer tells it (packet sockets).</summary>
    public ref readonly sockaddr_ll FromLink(int i) => ref Unsafe.As<byte, sockaddr_ll>(ref _names[i * sizeof(SocketAddress)]);

    /// <summary>Octets the message had; with MSG_TRUNC among the flags more than were kept.</summary>
    public int Length(int i) => (int)_messages[i].msg_len;

    /// <summary>The octets kept.</summary>
    public ReadOnlySpan<byte> Data(int i) => _data.AsSpan(i * _dataSize, Math.Min(Length(i), _dataSize));

    /// <summary>The control messages.</summary>
    public ControlMessages Control(int i) =>
        new(_controls.AsSpan(i * _controlSize, Math.Min((int)_messages[i].msg_hdr.msg_controllen, _controlSize)));

    private static void* At(byte[] pinned, int offset) => (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(pinned)) + offset;
}
