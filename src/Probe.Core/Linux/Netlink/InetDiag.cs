using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Probe.Core.Linux.Sockets;
using Probe.Core.Packets;
using static Probe.Core.Linux.NetlinkConstants;
using static Probe.Core.Linux.SocketConstants;

namespace Probe.Core.Linux.Netlink;

/// <summary>One TCP socket as sock_diag shows it.</summary>
internal readonly record struct DiagnosedSocket(IpAddress Local, ushort LocalPort, IpAddress Remote, ushort RemotePort,
    inet_diag_msg Message, TcpInfo? Info);

/// <summary>
/// TCP sockets of the calling thread's network namespace, with their timers and TCP_INFO (NETLINK_SOCK_DIAG). Needs no privilege.
/// </summary>
internal static unsafe class InetDiag
{
    // States are numbered from 1 to 12; bits 3 and 12 would add half-open requests, both as SYN-RECEIVED (inet_req_diag_fill), and bit 10
    // listeners, which carry no conversation.
    private const uint Conversations = 0x0fff & ~(1u << 3) & ~(1u << 10);

    /// <summary>One connection; null when it is gone.</summary>
    public static DiagnosedSocket? Find(NetlinkSocket diag, SocketAddress local, SocketAddress remote)
    {
        var request = Request(remote.Address.IsV4);
        request.id.idiag_sport = BinaryPrimitives.ReverseEndianness(local.Port);
        request.id.idiag_dport = BinaryPrimitives.ReverseEndianness(remote.Port);
        local.Address.WriteTo(new Span<byte>(request.id.idiag_src, 16));
        remote.Address.WriteTo(new Span<byte>(request.id.idiag_dst, 16));
        request.id.idiag_if = (uint)remote.Scope;
        (request.id.idiag_cookie[0], request.id.idiag_cookie[1]) = (INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE);
        DiagnosedSocket? found = null;
        var errno = diag.Ask(NetlinkMessage.Of(SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_ACK, request), (type, body) =>
        {
            if (type == SOCK_DIAG_BY_FAMILY)
            {
                found = Parse(body);
            }
        });
        return errno is 0 or Errno.ENOENT or Errno.ESTALE ? found : throw new LinuxException(errno, "look a socket up");
    }

    /// <summary>All connections to a destination.</summary>
    /// <param name="destination">The far address.</param>
    /// <param name="port">The far port; 0 for any.</param>
    public static IReadOnlyList<DiagnosedSocket> To(IpAddress destination, ushort port = 0)
    {
        // Programs that serve both families reach IPv4 by sockets of IPv6.
        using var diag = new NetlinkSocket(NETLINK_SOCK_DIAG);
        return destination.IsV4
            ? [.. To(diag, v4: true, destination, port), .. To(diag, v4: false, destination, port)]
            : To(diag, v4: false, destination, port);
    }

    private static List<DiagnosedSocket> To(NetlinkSocket diag, bool v4, IpAddress destination, ushort port)
    {
        var request = Request(v4);
        request.idiag_states = Conversations;
        request.id.idiag_dport = BinaryPrimitives.ReverseEndianness(port);
        var sockets = new List<DiagnosedSocket>();
        var errno = diag.Ask(NetlinkMessage.Of(SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, request), (type, body) =>
        {
            if (type == SOCK_DIAG_BY_FAMILY && Parse(body) is { } socket && socket.Remote == destination)
            {
                sockets.Add(socket);
            }
        });
        return errno == 0 ? sockets : throw new LinuxException(errno, "list sockets");
    }

    private static inet_diag_req_v2 Request(bool v4) => new()
    {
        sdiag_family = (byte)(v4 ? AF_INET : AF_INET6),
        sdiag_protocol = IPPROTO_TCP,
        idiag_ext = 1 << (INET_DIAG_INFO - 1),
    };

    private static DiagnosedSocket? Parse(ReadOnlySpan<byte> body)
    {
        if (body.Length < sizeof(inet_diag_msg))
        {
            return null;
        }

        var message = MemoryMarshal.Read<inet_diag_msg>(body);
        TcpInfo? info = null;
        var attributes = new NetlinkAttributes(body[NetlinkSocket.Align(sizeof(inet_diag_msg))..]);
        while (attributes.MoveNext())
        {
            if (attributes.Type == INET_DIAG_INFO)
            {
                tcp_info read = default;
                var filled = Math.Min(attributes.Value.Length, sizeof(tcp_info));
                attributes.Value[..filled].CopyTo(new Span<byte>(&read, sizeof(tcp_info)));
                info = new TcpInfo(read, filled);
            }
        }

        return new DiagnosedSocket(
            Address(message.idiag_family, new ReadOnlySpan<byte>(message.id.idiag_src, 16)),
            BinaryPrimitives.ReverseEndianness(message.id.idiag_sport),
            Address(message.idiag_family, new ReadOnlySpan<byte>(message.id.idiag_dst, 16)),
            BinaryPrimitives.ReverseEndianness(message.id.idiag_dport),
            message, info);
    }

    // ::ffff:a.b.c.d is the IPv4 address (RFC 4291 section 2.5.5.2).
    private static IpAddress Address(byte family, ReadOnlySpan<byte> octets) =>
        family == AF_INET ? new IpAddress(octets[..4])
        : octets[..12].SequenceEqual((ReadOnlySpan<byte>)[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]) ? new IpAddress(octets[12..])
        : new IpAddress(octets);
}
