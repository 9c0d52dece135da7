using System.Runtime.CompilerServices;
using Probe.Core.Linux.Sockets;
using Probe.Core.Linux;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;
using static Probe.Core.Linux.SocketConstants;
using static Probe.Core.Linux.WaitConstants;

namespace Probe.Core.Wire;

/// <summary>
/// A TCP flow without privilege: a connect for every probe, each on a new socket with the flow's source port. The kernel allows the same
/// two ends only once at a time, so one probe at a time is under way; it is given up when the next one must go.
/// </summary>
internal sealed class ConnectFlow : SocketFlow
{
    // After a second the kernel sends the SYN anew, which nobody would have counted.
    private const long LongestNs = 950_000_000;

    private const int StampFlags = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;

    private readonly FileDescriptor _holder;
    private FileDescriptor? _socket;
    private int _number;
    private long _sentNs;

    /// <exception cref="LinuxException">A foreign source address, no port left.</exception>
    public ConnectFlow(SocketWire wire, uint flowLabel, int index)
        : base(wire, flowLabel, index)
    {
        _holder = Open();
        try
        {
            // Bound and never connected, it keeps the port for this flow between two probes.
            SetUp(_holder, StampFlags, port: 0);
            Port = SocketCalls.LocalAddress(_holder).Port;
        }
        catch
        {
            _holder.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override long ExpiryNs => _socket is null ? long.MaxValue : _sentNs + LongestNs;

    /// <inheritdoc/>
    public override SendStatus Send(in ProbePacket probe)
    {
        if (_socket is not null && Wire.NowNs - _sentNs < Wire.LongestWaitNs)
        {
            return SendStatus.Busy;
        }

        Close();
        _socket = Open();
        _number = probe.Number;
        SetUp(_socket, StampFlags, Port);
        SetHeader(_socket, probe, isNew: true);
        Wire.Watch(_socket, EPOLLOUT, Index);
        _sentNs = Wire.NowNs;
        ref var entry = ref Wire.Probes.Add(probe, _sentNs);
        var errno = SocketCalls.TryConnect(_socket, Target);
        if (errno is Errno.EINPROGRESS or Errno.EINTR)
        {
            return SendStatus.Sent;
        }

        // To an address of this host the handshake is over before the call returns.
        if (Outcome(errno) is { } kind)
        {
            Report(kind, Wire.NowNs);
            return SendStatus.Sent;
        }

        entry.Answered = true;
        Close();

        // The connection before still holds the flow's two ends.
        return errno is Errno.EADDRNOTAVAIL or Errno.EADDRINUSE ? SendStatus.Busy : StatusOf(errno);
    }

    /// <inheritdoc/>
    public override void Read(uint events)
    {
        if (_socket is null)
        {
            return;
        }

        var count = Wire.Batch.Receive(_socket, MSG_ERRQUEUE);
        Wire.Clock.Anchor();
        for (var i = 0; i < count; i++)
        {
            var error = QueuedError.Read(Wire.Batch, i);
            if (error.IsIcmp)
            {
                Wire.Report(_number, error, Wire.Clock.Place(error.RealtimeNs, Wire.NowNs));
                Close();
                return;
            }
        }

        var errno = SocketCalls.TakeError(_socket);
        if (errno == 0 && (events & EPOLLOUT) == 0)
        {
            return;
        }

        if (Outcome(errno) is { } kind)
        {
            Report(kind, Wire.WokenNs);
        }
        else
        {
            Close();
        }
    }

    /// <inheritdoc/>
    public override void Expire(long nowNs)
    {
        if (nowNs >= ExpiryNs)
        {
            Close();
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        Close();
        _holder.Dispose();
    }

    private static ReplyKind? Outcome(int errno) => errno switch
    {
        0 => ReplyKind.SynAck,
        Errno.ECONNREFUSED => ReplyKind.Reset,
        _ => null,
    };

    private FileDescriptor Open()
    {
        var socket = SocketCalls.Open(Family, SOCK_STREAM, 0, "a TCP socket");

        // Lets the flow's sockets share its port.
        SocketCalls.Set(socket, SOL_SOCKET, SO_REUSEADDR, 1, nameof(SO_REUSEADDR));
        if (Family == AF_INET6)
        {
            // IPv4 takes a path MTU for a connecting socket whatever is set; and for the DF bit it must stay as it is.
            SocketCalls.LearnNoPathMtu(socket, Family, IP_PMTUDISC_INTERFACE);
        }

        return socket;
    }

    private void Report(ReplyKind kind, long atNs)
    {
        Wire.Report(new Reply
        {
            Number = _number,
            From = Wire.Options.Target,
            Kind = kind,
            SentNs = 0,
            ReceivedNs = atNs,
            ReceivedStamp = StampSource.User,
        });
        Close();
    }

    private void Close()
    {
        if (_socket is { } socket)
        {
            // A connection that came about ends with a reset, and leaves nothing in TIME-WAIT.
            SocketCalls.Set(socket, SOL_SOCKET, SO_LINGER, new linger { l_onoff = 1 }, nameof(SO_LINGER));
            socket.Dispose();
            _socket = null;
        }
    }
}
