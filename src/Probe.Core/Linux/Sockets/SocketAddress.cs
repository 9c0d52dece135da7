using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Probe.Core.Packets;
using static Probe.Core.Linux.SocketConstants;

namespace Probe.Core.Linux.Sockets;

/// <summary>A <c>sockaddr</c> of either family, held by value.</summary>
[StructLayout(LayoutKind.Explicit, Size = 28)]
internal unsafe struct SocketAddress
{
    [FieldOffset(0)]
    public ushort Family;

    [FieldOffset(0)]
    private sockaddr_in _v4;

    [FieldOffset(0)]
    private sockaddr_in6 _v6;

    /// <summary>
    /// Makes the socket address of an address, port and (for link-local IPv6) interface index. The flow label counts for IPv6 and a socket
    /// with IPV6_FLOWINFO_SEND only.
    /// </summary>
    public SocketAddress(IpAddress address, ushort port, int scope = 0, uint flowLabel = 0)
    {
        this = default;
        Span<byte> octets = stackalloc byte[16];
        address.WriteTo(octets);
        if (address.IsV4)
        {
            _v4.sin_family = AF_INET;
            _v4.sin_port = NetworkOrder(port);
            _v4.sin_addr = Unsafe.ReadUnaligned<uint>(ref octets[0]);
        }
        else
        {
            _v6.sin6_family = AF_INET6;
            _v6.sin6_port = NetworkOrder(port);
            _v6.sin6_flowinfo = BinaryPrimitives.ReverseEndianness(flowLabel);
            _v6.sin6_scope_id = address.IsLinkLocalV6 ? (uint)scope : 0;
            fixed (byte* to = _v6.sin6_addr)
            {
                octets.CopyTo(new Span<byte>(to, 16));
            }
        }
    }

    /// <summary>Copies what the kernel wrote, as much of it as there is.</summary>
    public static SocketAddress Read(ReadOnlySpan<byte> octets)
    {
        SocketAddress address = default;
        octets[..Math.Min(octets.Length, sizeof(SocketAddress))].CopyTo(new Span<byte>(&address, sizeof(SocketAddress)));
        return address;
    }

    /// <summary>Octets that the kernel takes for this family.</summary>
    public readonly uint Length => Family == AF_INET ? (uint)sizeof(sockaddr_in) : (uint)sizeof(sockaddr_in6);

    /// <summary>Port in host order; it stands at the same place in both families.</summary>
    public readonly ushort Port => NetworkOrder(_v4.sin_port);

    /// <summary>Scope of a link-local IPv6 address; 0 otherwise.</summary>
    public readonly int Scope => Family == AF_INET6 ? (int)_v6.sin6_scope_id : 0;

    /// <summary>The address; no address for an unknown family.</summary>
    public readonly IpAddress Address
    {
        get
        {
            if (Family == AF_INET)
            {
                return IpAddress.FromV4(BinaryPrimitives.ReverseEndianness(_v4.sin_addr));
            }

            if (Family != AF_INET6)
            {
                return default;
            }

            fixed (byte* from = _v6.sin6_addr)
            {
                return new IpAddress(new ReadOnlySpan<byte>(from, 16));
            }
        }
    }

    private static ushort NetworkOrder(ushort value) => BinaryPrimitives.ReverseEndianness(value);
}
