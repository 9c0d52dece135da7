using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Probe.Core.Linux.Netlink;

/// <summary>Builds one netlink request: header, family header, attributes.</summary>
internal sealed unsafe class NetlinkMessage
{
    private readonly byte[] _octets = new byte[512];
    private int _length;

    /// <summary>Starts a message.</summary>
    public static NetlinkMessage Of<T>(ushort type, ushort flags, T header)
        where T : unmanaged
    {
        var message = new NetlinkMessage { _length = sizeof(nlmsghdr) };
        MemoryMarshal.Write(message._octets, new nlmsghdr { nlmsg_type = type, nlmsg_flags = flags });
        message.Append(header);
        return message;
    }

    /// <summary>Adds an attribute.</summary>
    public NetlinkMessage Attribute(ushort type, ReadOnlySpan<byte> value)
    {
        Append(new rtattr { rta_len = (ushort)(sizeof(rtattr) + value.Length), rta_type = type });
        value.CopyTo(_octets.AsSpan(_length));
        _length = NetlinkSocket.Align(_length + value.Length);
        return this;
    }

    /// <summary>Adds a number in host order.</summary>
    public NetlinkMessage Attribute(ushort type, uint value) =>
        Attribute(type, MemoryMarshal.AsBytes(new ReadOnlySpan<uint>(in value)));

    /// <summary>The finished message under this sequence number.</summary>
    public ReadOnlySpan<byte> Finish(uint sequence)
    {
        ref var header = ref Unsafe.As<byte, nlmsghdr>(ref _octets[0]);
        header.nlmsg_len = (uint)_length;
        header.nlmsg_seq = sequence;
        return _octets.AsSpan(0, _length);
    }

    private void Append<T>(T value)
        where T : unmanaged
    {
        MemoryMarshal.Write(_octets.AsSpan(_length), value);
        _length = NetlinkSocket.Align(_length + sizeof(T));
    }
}
