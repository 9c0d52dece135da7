using Probe.Core.Conversations;
using Probe.Core.Evidence;
using Probe.Core.Linux;
using Probe.Core.Vocabulary;

namespace Probe.Lab.Simulation.Tcp;

/// <summary>A simulated connection as a conversation.</summary>
internal sealed class SimulatedConversation : IConversation
{
    private readonly SimulatedTcpStack _stack;
    private readonly TcpTuple _tuple;
    private readonly TcpConnection? _connection;
    private readonly int _refusal;
    private int _received;

    /// <summary>A connection that was begun.</summary>
    public SimulatedConversation(SimulatedTcpStack stack, TcpConnection connection) =>
        (_stack, _tuple, _connection) = (stack, connection.Tuple, connection);

    /// <summary>One that the host itself refused.</summary>
    public SimulatedConversation(SimulatedTcpStack stack, TcpTuple tuple, int errno) => (_stack, _tuple, _refusal) = (stack, tuple, errno);

    /// <inheritdoc/>
    public int LocalPort => _connection is null ? 0 : _tuple.LocalPort;

    /// <inheritdoc/>
    public bool IsConnected => _connection is { IsOpen: true };

    /// <inheritdoc/>
    public bool IsOver => ErrorNumber != 0 || PeerHasClosed || _received > ConversationEnd.MostReceived;

    /// <inheritdoc/>
    public TcpEnd End => ConversationEnd.Of(ErrorNumber, PeerHasClosed);

    /// <inheritdoc/>
    public string? ErrnoName => ErrorNumber == 0 ? null : Errno.Name(ErrorNumber);

    /// <inheritdoc/>
    public TcpInfoEvidence Info
    {
        get
        {
            if (_connection is not { } connection)
            {
                return new TcpInfoEvidence { State = TcpSocketState.Close };
            }

            var sender = connection.Sender;
            return new TcpInfoEvidence
            {
                State = Name(connection.State),
                SndMss = sender.SegmentSize,
                AdvMss = connection.ToldMss,
                Pmtu = sender.PathMtu,
                Unacked = sender.Sent.Count,
                Sacked = sender.Sent.Count(segment => segment.IsSacked),
                Lost = sender.Sent.Count(segment => segment.IsLost),
                Retrans = sender.Sent.Count(segment => segment.IsRepeated && segment.IsOnItsWay),
                TotalRetrans = sender.Repeats,
                Retransmits = sender.Sent.Count > 0 ? sender.RoundTrips.Backoff : 0,
                Probes = sender.Probes,
                Backoff = sender.RoundTrips.Backoff,
                NotSent = sender.NotSent,
                SndWnd = sender.PeerWindow,
                Cwnd = sender.Window,
                RtoNs = sender.RoundTrips.TimeoutNs,
                RttNs = sender.RoundTrips.SmoothedNs,
                MinRttNs = sender.RoundTrips.LeastNs,
                AckedOctets = sender.Acknowledged,
                DataSegments = sender.DataSegments,
            };
        }
    }

    /// <inheritdoc/>
    public int SegmentSize => _connection?.Sender.SegmentSize ?? 0;

    /// <inheritdoc/>
    public (int Pmtu, int Retransmitted) Path => _connection is null ? (0, 0) : (_connection.Sender.PathMtu, _connection.Sender.Repeats);

    /// <inheritdoc/>
    public bool IsV4 => _tuple.Remote.IsV4;

    /// <inheritdoc/>
    public bool IsWhole => true;

    /// <inheritdoc/>
    public int Queued => _connection?.Sender.Queued ?? 0;

    /// <inheritdoc/>
    public SocketEvidence? Diagnosed => _connection is not { State: not TcpState.Closed } connection ? null : new SocketEvidence
    {
        Local = _tuple.Local.ToString(),
        LocalPort = _tuple.LocalPort,
        Remote = _tuple.Remote.ToString(),
        RemotePort = _tuple.RemotePort,
        State = Name(connection.State),
        Timer = connection.Sender.Timer,
        TimerNs = connection.Sender.Timer is null ? null : connection.Sender.TimerNs - _stack.NowNs,
        ReceiveQueue = connection.Receiver.Unread,
        SendQueue = connection.Sender.Queued,
        Info = Info,
    };

    private int ErrorNumber => _connection?.Errno ?? _refusal;

    private bool PeerHasClosed => _connection is { State: TcpState.CloseWait, Receiver.Unread: 0 };

    /// <inheritdoc/>
    public int Send(ReadOnlySpan<byte> octets) => _connection is { IsOpen: true } ? _connection.Sender.Write(octets) : 0;

    /// <inheritdoc/>
    public int Receive(Span<byte> octets)
    {
        var count = _connection is null || _received > ConversationEnd.MostReceived ? 0 : _connection.Receiver.Read(octets);
        _received += count;
        return count;
    }

    /// <inheritdoc/>
    public void FinishSending() => _connection?.Sender.Finish();

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_connection is not null)
        {
            _stack.Close(_connection);
        }
    }

    private static TcpSocketState Name(TcpState state) => state switch
    {
        TcpState.SynSent => TcpSocketState.SynSent,
        TcpState.SynReceived => TcpSocketState.SynRecv,
        TcpState.Established => TcpSocketState.Established,
        TcpState.CloseWait => TcpSocketState.CloseWait,
        _ => TcpSocketState.Close,
    };
}
