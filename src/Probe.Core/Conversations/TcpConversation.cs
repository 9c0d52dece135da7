using System.Runtime.InteropServices;
using Probe.Core.Evidence;
using Probe.Core.Host;
using Probe.Core.Linux.Netlink;
using Probe.Core.Linux.Sockets;
using Probe.Core.Linux;
using Probe.Core.Packets;
using Probe.Core.Vocabulary;
using static Probe.Core.Linux.Netlink.NetlinkConstants;
using static Probe.Core.Linux.Sockets.SocketConstants;
using static Probe.Core.Linux.Sockets.TcpConstants;
using static Probe.Core.Linux.SystemConstants;

namespace Probe.Core.Conversations;

/// <summary>
/// One TCP connection of this host's kernel, held to see what the kernel does with it. Nothing blocks; closing sends a RST, so that no
/// TIME-WAIT and no unsent octet stays behind.
/// </summary>
internal sealed unsafe class TcpConversation : IDisposable
{
    // A transfer fits in whole, so that pacing is ours and never the buffer's.
    private const int SendBuffer = 128 * 1024;

    // A transfer with its report takes less than 50,000.
    private const int MostReceived = 64 * 1024;

    private readonly FileDescriptor _socket;
    private readonly SocketAddress _remote;
    private NetlinkSocket? _diag;

    private TcpConversation(FileDescriptor socket, SocketAddress remote) => (_socket, _remote) = (socket, remote);

    /// <summary>The socket, for poll sets.</summary>
    public FileDescriptor Descriptor => _socket;

    /// <summary>Local port; 0 before the connection is begun.</summary>
    public int LocalPort => SocketCalls.LocalAddress(_socket).Port;

    /// <summary>The error number that ended it; 0 for none.</summary>
    public int Errno { get; private set; }

    /// <summary>The peer sends no more.</summary>
    public bool PeerHasClosed { get; private set; }

    /// <summary>Octets received.</summary>
    public int Received { get; private set; }

    /// <summary>An error or the peer ended it, or it sent more than any test has use for.</summary>
    public bool IsOver => Errno != 0 || PeerHasClosed || Received > MostReceived;

    /// <summary>How it ended, once <see cref="IsOver"/>.</summary>
    public TcpEnd End => Errno switch
    {
        0 => PeerHasClosed ? TcpEnd.Closed : TcpEnd.Flooded,
        Linux.Errno.ECONNREFUSED => TcpEnd.Refused,
        Linux.Errno.ECONNRESET or Linux.Errno.EPIPE => TcpEnd.Reset,
        Linux.Errno.ETIMEDOUT => TcpEnd.Timeout,
        _ => TcpEnd.Unreachable,
    };

    /// <summary>Name of the error number; null for none.</summary>
    public string? ErrnoName => Errno == 0 ? null : Linux.Errno.Name(Errno);

    /// <summary>Begins a connection; <see cref="IsConnected"/> tells when it stands, <see cref="Errno"/> why it does not.</summary>
    /// <exception cref="LinuxException">The socket could not be made as asked.</exception>
    public static TcpConversation Begin(TcpConversationOptions options)
    {
        var (target, device) = (options.Target, options.Interface);
        var remote = new SocketAddress(target, options.Port, SocketCalls.Scope(target, device));
        var conversation = new TcpConversation(SocketCalls.Open(target.IsV4 ? AF_INET : AF_INET6, SOCK_STREAM, IPPROTO_TCP, "a TCP socket"), remote);
        try
        {
            conversation.Configure(options);
        }
        catch
        {
            conversation.Dispose();
            throw;
        }

        var errno = SocketCalls.TryConnect(conversation._socket, remote);
        conversation.Errno = errno is Linux.Errno.EINPROGRESS or Linux.Errno.EINTR ? 0 : errno;
        return conversation;
    }

    /// <summary>Takes a connection that a listener accepted.</summary>
    public static TcpConversation Of(FileDescriptor accepted, SocketAddress remote)
    {
        var conversation = new TcpConversation(accepted, remote);
        conversation.Tune();
        return conversation;
    }

    /// <summary>The handshake is done.</summary>
    public bool IsConnected => Read().tcpi_state is TCP_ESTABLISHED or TCP_CLOSE_WAIT;

    /// <summary>TCP_INFO now.</summary>
    public TcpInfoEvidence Info => TcpSockets.Of(Read());

    /// <summary>Payload of the segments it sends now, path MTU and what every segment carries considered; octets.</summary>
    public int SegmentSize => (int)Read().tcpi_snd_mss;

    /// <summary>Path MTU that it reckons with, and segments sent again so far.</summary>
    public (int Pmtu, int Retransmitted) Path
    {
        get
        {
            var info = Read();
            return ((int)info.tcpi_pmtu, (int)info.tcpi_total_retrans);
        }
    }

    /// <summary>Octets written and not yet acknowledged (SIOCOUTQ).</summary>
    public int Queued
    {
        get
        {
            int octets;
            return LibC.ioctl(_socket, SIOCOUTQ, &octets) == 0 ? octets : 0;
        }
    }

    /// <summary>The SYN that opened an accepted connection, from its IP header on, where the listener asked for it (TCP_SAVE_SYN); empty otherwise.</summary>
    public ReadOnlySpan<byte> SavedSyn
    {
        get
        {
            var octets = new byte[256];
            var length = (uint)octets.Length;
            fixed (byte* at = octets)
            {
                return LibC.getsockopt(_socket, IPPROTO_TCP, TCP_SAVED_SYN, at, &length) == 0 ? octets.AsSpan(0, (int)length) : [];
            }
        }
    }

    /// <summary>This socket as sock_diag shows it, timer included; null when it is gone.</summary>
    public SocketEvidence? Diagnosed
    {
        get
        {
            _diag ??= new NetlinkSocket(NETLINK_SOCK_DIAG);
            return InetDiag.Find(_diag, SocketCalls.LocalAddress(_socket), _remote) is { } found ? TcpSockets.Of(found) : null;
        }
    }

    /// <summary>Hands octets to the kernel; returns how many it took, 0 when its buffer is full or the connection is over.</summary>
    public int Send(ReadOnlySpan<byte> octets)
    {
        fixed (byte* at = octets)
        {
            while (true)
            {
                var sent = LibC.sendto(_socket, at, (nuint)octets.Length, MSG_DONTWAIT | MSG_NOSIGNAL, null, 0);
                if (sent >= 0)
                {
                    return (int)sent;
                }

                var errno = Marshal.GetLastPInvokeError();
                if (errno == Linux.Errno.EAGAIN)
                {
                    return 0;
                }

                if (errno != Linux.Errno.EINTR)
                {
                    Errno = errno;
                    return 0;
                }
            }
        }
    }

    /// <summary>Reads what waits; returns how many octets, 0 when nothing does or the connection is over.</summary>
    public int Receive(Span<byte> octets)
    {
        if (Received > MostReceived)
        {
            return 0;
        }

        fixed (byte* at = octets)
        {
            while (true)
            {
                var part = new iovec { iov_base = at, iov_len = (nuint)octets.Length };
                var message = new msghdr { msg_iov = &part, msg_iovlen = 1 };
                var count = LibC.recvmsg(_socket, &message, MSG_DONTWAIT);
                if (count >= 0)
                {
                    PeerHasClosed |= count == 0;
                    Received += (int)count;
                    return (int)count;
                }

                var errno = Marshal.GetLastPInvokeError();
                if (errno is Linux.Errno.EAGAIN or Linux.Errno.ENOTCONN)
                {
                    return 0;
                }

                if (errno != Linux.Errno.EINTR)
                {
                    Errno = errno;
                    return 0;
                }
            }
        }
    }

    /// <summary>Sends the FIN after what is written, instead of the RST of closing.</summary>
    public void FinishSending() => _ = LibC.shutdown(_socket, SHUT_WR);

    /// <inheritdoc/>
    public void Dispose()
    {
        _socket.Dispose();
        _diag?.Dispose();
    }

    private tcp_info Read() => SocketCalls.Front<tcp_info>(_socket, IPPROTO_TCP, TCP_INFO);

    private void Configure(TcpConversationOptions options)
    {
        Tune();
        if (options.Interface is { } device)
        {
            SocketCalls.BindToDevice(_socket, device);
        }

        if (options.Mark is { } mark)
        {
            SocketCalls.Mark(_socket, mark);
        }

        if (options.TrafficClass != 0)
        {
            SocketCalls.TrafficClass(_socket, options.Target.IsV4 ? AF_INET : AF_INET6, options.TrafficClass);
        }

        if (!options.Source.IsNone)
        {
            SocketCalls.Bind(_socket, new SocketAddress(options.Source, 0, SocketCalls.Scope(options.Source, options.Interface)));
        }
    }

    private void Tune()
    {
        SocketCalls.Set(_socket, IPPROTO_TCP, TCP_NODELAY, 1, nameof(TCP_NODELAY));
        SocketCalls.Set(_socket, SOL_SOCKET, SO_LINGER, new linger { l_onoff = 1 }, nameof(SO_LINGER));
        SocketCalls.SendBuffer(_socket, SendBuffer);
    }
}

/// <summary>Where a conversation goes and how.</summary>
public sealed record TcpConversationOptions
{
    /// <summary>Whom to connect to.</summary>
    public required IpAddress Target { get; init; }

    /// <summary>The port.</summary>
    public required ushort Port { get; init; }

    /// <summary>Local address; none lets the route choose.</summary>
    public IpAddress Source { get; init; }

    /// <summary>Interface; null for any.</summary>
    public string? Interface { get; init; }

    /// <summary>Mark for policy routing.</summary>
    public uint? Mark { get; init; }

    /// <summary>TOS or traffic class octet.</summary>
    public byte TrafficClass { get; init; }
}
