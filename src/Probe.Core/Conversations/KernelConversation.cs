using Probe.Core.Evidence;
using Probe.Core.Host;
using Probe.Core.Linux;
using Probe.Core.Linux.Netlink;
using Probe.Core.Linux.Sockets;
using Probe.Core.Vocabulary;
using static Probe.Core.Linux.NetlinkConstants;
using static Probe.Core.Linux.SocketConstants;

namespace Probe.Core.Conversations;

/// <summary>One TCP connection of this host's kernel.</summary>
internal sealed class KernelConversation : IConversation
{
    // A transfer fits in whole, so that pacing is ours and never the buffer's.
    private const int SendBuffer = 128 * 1024;

    private readonly FileDescriptor _socket;
    private readonly SocketAddress _remote;
    private NetlinkSocket? _diag;
    private int _errno;
    private int _received;
    private bool _peerHasClosed;
    private int _interfaceIndex;
    private uint _mark;

    private KernelConversation(FileDescriptor socket, SocketAddress remote) => (_socket, _remote) = (socket, remote);

    /// <summary>The socket, for poll sets.</summary>
    public FileDescriptor Descriptor => _socket;

    /// <inheritdoc/>
    public int LocalPort => SocketCalls.LocalAddress(_socket).Port;

    /// <inheritdoc/>
    public bool IsOver => _errno != 0 || _peerHasClosed || _received > ConversationEnd.MostReceived;

    /// <inheritdoc/>
    public TcpEnd End => ConversationEnd.Of(_errno, _peerHasClosed);

    /// <inheritdoc/>
    public string? ErrnoName => _errno == 0 ? null : Errno.Name(_errno);

    /// <inheritdoc/>
    public bool IsConnected => Read().Info.tcpi_state is TCP_ESTABLISHED or TCP_CLOSE_WAIT;

    /// <inheritdoc/>
    public TcpInfoEvidence Info => TcpSockets.Of(Read());

    /// <inheritdoc/>
    public int SegmentSize => (int)Read().Info.tcpi_snd_mss;

    /// <inheritdoc/>
    public (int Pmtu, int Retransmitted) Path
    {
        get
        {
            var info = Read().Info;
            return ((int)info.tcpi_pmtu, (int)info.tcpi_total_retrans);
        }
    }

    /// <inheritdoc/>
    public bool IsV4 => _remote.Address.IsV4;

    /// <inheritdoc/>
    public bool IsWhole => !IsV4 || TcpStream.SetsDontFragment(_socket) switch
    {
        // As ip_dont_fragment (include/net/ip.h) has it: not where the route's MTU is locked.
        null => !IsMtuLocked,
        var always => always.Value,
    };

    /// <inheritdoc/>
    public int Queued => TcpStream.Queued(_socket);

    /// <summary>
    /// The SYN that opened an accepted connection, from its IP header on, where the listener asked for it; empty otherwise.
    /// </summary>
    public ReadOnlySpan<byte> SavedSyn => TcpStream.SavedSyn(_socket);

    /// <inheritdoc/>
    public SocketEvidence? Diagnosed
    {
        get
        {
            _diag ??= new NetlinkSocket(NETLINK_SOCK_DIAG);
            return InetDiag.Find(_diag, SocketCalls.LocalAddress(_socket), _remote) is { } found ? TcpSockets.Of(found) : null;
        }
    }

    /// <summary>Begins a connection; <see cref="IsConnected"/> tells when it stands, <see cref="ErrnoName"/> why it does not.</summary>
    /// <exception cref="LinuxException">The socket could not be made as asked.</exception>
    public static KernelConversation Begin(TcpConversationOptions options)
    {
        var (target, device) = (options.Target, options.Interface);
        var remote = new SocketAddress(target, options.Port, SocketCalls.Scope(target, device));
        var conversation = new KernelConversation(TcpStream.Open(target.IsV4), remote);
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
        conversation._errno = errno is Errno.EINPROGRESS or Errno.EINTR ? 0 : errno;
        return conversation;
    }

    /// <summary>Takes a connection that a listener accepted.</summary>
    public static KernelConversation Of(FileDescriptor accepted, SocketAddress remote)
    {
        TcpStream.Tune(accepted, SendBuffer);
        return new KernelConversation(accepted, remote);
    }

    /// <inheritdoc/>
    public int Send(ReadOnlySpan<byte> octets) => Taken(TcpStream.TrySend(_socket, octets, out var count), count);

    /// <inheritdoc/>
    public int Receive(Span<byte> octets)
    {
        if (_received > ConversationEnd.MostReceived)
        {
            return 0;
        }

        var errno = TcpStream.TryReceive(_socket, octets, out var count);
        _peerHasClosed |= errno == 0 && count == 0;
        _received += count;

        // While the handshake goes on there is nothing to read.
        return errno == Errno.ENOTCONN ? 0 : Taken(errno, count);
    }

    /// <inheritdoc/>
    public void FinishSending() => TcpStream.FinishSending(_socket);

    /// <inheritdoc/>
    public void Dispose()
    {
        _socket.Dispose();
        _diag?.Dispose();
    }

    private int Taken(int errno, int count)
    {
        if (errno is 0 or Errno.EAGAIN)
        {
            return count;
        }

        _errno = errno;
        return 0;
    }

    private TcpInfo Read() => TcpStream.Info(_socket);

    // Where nobody says, it may be.
    private bool IsMtuLocked
    {
        get
        {
            using var netlink = new NetlinkSocket();
            var source = SocketCalls.LocalAddress(_socket).Address;
            var errno = Routes.TryGet(netlink, _remote.Address, out var route, source, _interfaceIndex, _mark);
            return errno != 0 || route.MtuLocked;
        }
    }

    private void Configure(TcpConversationOptions options)
    {
        TcpStream.Tune(_socket, SendBuffer);
        if (options.Interface is { } device)
        {
            SocketCalls.BindToDevice(_socket, device);
            _interfaceIndex = Interfaces.Index(device);
        }

        if (options.Mark is { } mark)
        {
            SocketCalls.Mark(_socket, mark);
            _mark = mark;
        }

        if (options.TrafficClass != 0)
        {
            TcpStream.TrafficClass(_socket, options.Target.IsV4, options.TrafficClass);
        }

        if (!options.Source.IsNone)
        {
            SocketCalls.Bind(_socket, new SocketAddress(options.Source, 0, SocketCalls.Scope(options.Source, options.Interface)));
        }
    }
}
