using System.Runtime.CompilerServices;

namespace Probe.Core.Linux.Sockets;

/// <summary>Walks the control messages that <c>recvmsg</c> left behind (cmsg(3)); never reads past their end.</summary>
internal ref struct ControlMessages
{
    private ReadOnlySpan<byte> _rest;

    public ControlMessages(ReadOnlySpan<byte> control)
    {
        _rest = control;
        Data = default;
    }

    /// <summary>SOL_SOCKET, IPPROTO_IP, …</summary>
    public int Level { get; private set; }

    /// <summary>Type within the level.</summary>
    public int Type { get; private set; }

    /// <summary>The message's octets.</summary>
    public ReadOnlySpan<byte> Data { get; private set; }

    /// <summary>Steps to the next message.</summary>
    public unsafe bool MoveNext()
    {
        if (_rest.Length < sizeof(cmsghdr))
        {
            return false;
        }

        var header = Unsafe.ReadUnaligned<cmsghdr>(in _rest[0]);
        if (header.cmsg_len < (nuint)sizeof(cmsghdr) || header.cmsg_len > (nuint)_rest.Length)
        {
            return false;
        }

        var length = (int)header.cmsg_len;
        Level = header.cmsg_level;
        Type = header.cmsg_type;
        Data = _rest[sizeof(cmsghdr)..length];
        _rest = _rest[Math.Min(Align(length), _rest.Length)..];
        return true;
    }

    /// <summary>Whether the message is this one and long enough to hold a <typeparamref name="T"/>.</summary>
    public readonly unsafe bool Is<T>(int level, int type, out T value)
        where T : unmanaged
    {
        if (Level == level && Type == type && Data.Length >= sizeof(T))
        {
            value = Unsafe.ReadUnaligned<T>(in Data[0]);
            return true;
        }

        value = default;
        return false;
    }

    /// <summary>CMSG_ALIGN: messages start at multiples of a word.</summary>
    public static int Align(int length) => (length + sizeof(long) - 1) & ~(sizeof(long) - 1);
}
