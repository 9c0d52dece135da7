using Probe.Core.Linux;
using Probe.Core.Packets;

namespace Probe.Lab.Simulation.Tcp;

/// <summary>One end of a simulated TCP connection: handshake, data both ways, its end. Either end is one of these.</summary>
internal sealed class TcpConnection
{
    private const long FirstSynRetryNs = 1_000_000_000;

    // net.ipv4.tcp_syn_retries
    private const int MostSynRetries = 6;
    private const ushort ReceiveWindow = 65_160;

    private readonly ITcpHost _host;
    private readonly uint _firstSequence;
    private readonly long _delayedAckNs;
    private readonly ushort _mss;
    private uint _peerFirst;
    private long _ackNs = long.MaxValue;
    private long _synNs;
    private long _nextSynNs = long.MaxValue;
    private int _synRetries;

    private TcpConnection(ITcpHost host, in TcpTuple tuple, uint initialSequence, ushort? mss, long delayedAckNs)
    {
        (_host, Tuple, _firstSequence, _delayedAckNs) = (host, tuple, initialSequence + 1, delayedAckNs);
        Sender = new TcpSender(host, this);
        Sender.Begin(host.MtuTo(tuple.Remote));
        _mss = mss ?? (ushort)(Sender.PathMtu - Headers);
        _synNs = host.NowNs;
    }

    /// <summary>The two ends.</summary>
    public TcpTuple Tuple { get; }

    /// <summary>Where it stands.</summary>
    public TcpState State { get; private set; }

    /// <summary>The handshake is done and nothing has ended it.</summary>
    public bool IsOpen => State is TcpState.Established or TcpState.CloseWait;

    /// <summary>Error number that ended it; 0 for none.</summary>
    public int Errno { get; private set; }

    /// <summary>MSS that its SYN told.</summary>
    public int ToldMss => _mss;

    /// <summary>Octets of IP and TCP headers without options.</summary>
    public int Headers =>
        Tuple.Remote.IsV6 ? IPv6Header.Length + TcpHeader.MinimumLength : IPv4Header.MinimumLength + TcpHeader.MinimumLength;

    /// <summary>The sending half.</summary>
    public TcpSender Sender { get; }

    /// <summary>The receiving half.</summary>
    public TcpReceiver Receiver { get; } = new();

    /// <summary>Begins a connection: the SYN leaves.</summary>
    public static TcpConnection Connect(ITcpHost host, in TcpTuple tuple, uint initialSequence)
    {
        var connection = new TcpConnection(host, tuple, initialSequence, mss: null, delayedAckNs: 0) { State = TcpState.SynSent };
        connection.SendSyn();
        return connection;
    }

    /// <summary>Answers a SYN.</summary>
    /// <param name="host">Where it lives.</param>
    /// <param name="tuple">The two ends.</param>
    /// <param name="initialSequence">Its own first sequence number.</param>
    /// <param name="syn">The SYN.</param>
    /// <param name="mss">MSS that it tells.</param>
    /// <param name="delayedAckNs">How long it holds an acknowledgment back that nothing asks for.</param>
    public static TcpConnection Accept(ITcpHost host, in TcpTuple tuple, uint initialSequence, in TcpHeader syn, ushort mss,
        long delayedAckNs)
    {
        var connection = new TcpConnection(host, tuple, initialSequence, mss, delayedAckNs) { State = TcpState.SynReceived };
        connection.TakeSyn(syn);
        connection.SendSyn();
        return connection;
    }

    /// <summary>Takes a segment that came.</summary>
    public void Take(in TcpHeader tcp)
    {
        if ((tcp.Flags & TcpFlags.Rst) != 0)
        {
            End(State == TcpState.SynSent ? Core.Linux.Errno.ECONNREFUSED : Core.Linux.Errno.ECONNRESET);
            return;
        }

        var isSyn = (tcp.Flags & TcpFlags.Syn) != 0;
        switch (State)
        {
            case TcpState.Closed:
                return;
            case TcpState.SynSent when isSyn && (tcp.Flags & TcpFlags.Ack) != 0 && tcp.Acknowledgment == _firstSequence:
                TakeSyn(tcp);
                Establish();
                Acknowledge();
                return;
            case TcpState.SynReceived when isSyn:
                SendSyn();
                return;
            case TcpState.SynReceived when (tcp.Flags & TcpFlags.Ack) != 0 && tcp.Acknowledgment == _firstSequence:
                Establish();
                break;
            case TcpState.SynSent or TcpState.SynReceived:
                return;
        }

        TakeData(tcp);
        Sender.PeerWindow = tcp.Window;
        Sender.Acknowledge((int)(tcp.Acknowledgment - _firstSequence), TcpReceiver.ReadSack(tcp.Options, _firstSequence));
    }

    /// <summary>An ICMP error says that a segment was too big; one about a segment that is not on its way is ignored (RFC 5927).</summary>
    public void TooBig(uint sequence, int mtu)
    {
        var place = (int)(sequence - _firstSequence);
        if (IsOpen && Sender.Sent.Any(segment => segment.Offset <= place && place < segment.End))
        {
            Sender.PathMtuFell(mtu);
            Sender.Output();
        }
    }

    /// <summary>An ICMP error ends an attempt to connect; a connection that stands outlives it.</summary>
    public void Unreachable(int errno)
    {
        if (State == TcpState.SynSent)
        {
            End(errno);
        }
    }

    /// <summary>Some timer ran out, perhaps one that counts no more.</summary>
    public void TimerRan()
    {
        if (_host.NowNs >= _nextSynNs && State == TcpState.SynSent)
        {
            if (_synRetries++ == MostSynRetries)
            {
                End(Core.Linux.Errno.ETIMEDOUT);
                return;
            }

            SendSyn();
        }

        if (_host.NowNs >= _ackNs)
        {
            Acknowledge();
        }

        Sender.TimerRan();
    }

    /// <summary>Ends it by a RST.</summary>
    public void Abort()
    {
        if (IsOpen || State == TcpState.SynReceived)
        {
            Emit(TcpFlags.Rst | TcpFlags.Ack, _firstSequence + (uint)Sender.Next, [], []);
        }

        End(0);
    }

    /// <summary>Sends a segment with data; false when this host refuses it for its size.</summary>
    public bool Emit(TcpSegment segment)
    {
        var flags = TcpFlags.Ack | TcpFlags.Psh | (segment.Fin ? TcpFlags.Fin : TcpFlags.None);
        return Emit(flags, _firstSequence + (uint)segment.Offset, [], segment.Data);
    }

    private void TakeSyn(in TcpHeader syn)
    {
        _peerFirst = syn.Sequence + 1;
        Sender.PeerMss = syn.ReadOptions().MaximumSegmentSize ?? 536;
        Sender.PeerWindow = syn.Window;
    }

    private void Establish()
    {
        State = TcpState.Established;
        if (_synRetries == 0)
        {
            Sender.RoundTrips.Measure(_host.NowNs - _synNs);
        }
    }

    private void TakeData(in TcpHeader tcp)
    {
        var fin = (tcp.Flags & TcpFlags.Fin) != 0;
        if (tcp.Payload.IsEmpty && !fin)
        {
            return;
        }

        var atOnce = Receiver.Take((int)(tcp.Sequence - _peerFirst), tcp.Payload, fin);
        State = Receiver.IsFinished ? TcpState.CloseWait : State;
        if (atOnce || _delayedAckNs == 0)
        {
            Acknowledge();
        }
        else if (_ackNs == long.MaxValue)
        {
            _ackNs = _host.NowNs + _delayedAckNs;
            _host.SetTimer(_delayedAckNs, this);
        }
    }

    private void Acknowledge()
    {
        _ackNs = long.MaxValue;
        Receiver.Acknowledged();
        Emit(TcpFlags.Ack, _firstSequence + (uint)Sender.Next, Receiver.SackOption(_peerFirst), []);
    }

    private void SendSyn()
    {
        var isClient = State == TcpState.SynSent;
        Emit(isClient ? TcpFlags.Syn : TcpFlags.Syn | TcpFlags.Ack, _firstSequence - 1, [2, 4, (byte)(_mss >> 8), (byte)_mss], []);
        if (isClient)
        {
            _nextSynNs = _host.NowNs + (FirstSynRetryNs << _synRetries);
            _host.SetTimer(FirstSynRetryNs << _synRetries, this);
        }
    }

    private bool Emit(TcpFlags flags, uint sequence, ReadOnlySpan<byte> options, ReadOnlySpan<byte> payload)
    {
        var fields = new TcpFields
        {
            SourcePort = Tuple.LocalPort,
            DestinationPort = Tuple.RemotePort,
            Sequence = sequence,
            Acknowledgment = (flags & TcpFlags.Ack) != 0 ? _peerFirst + (uint)Receiver.Next : 0,
            Flags = flags,
            Window = (flags & TcpFlags.Rst) != 0 ? (ushort)0 : ReceiveWindow,
        };
        return _host.TrySend(this, TcpSegment.Packet(Tuple, fields, options, payload));
    }

    private void End(int errno)
    {
        (State, Errno) = (TcpState.Closed, errno);
        (_ackNs, _nextSynNs) = (long.MaxValue, long.MaxValue);
    }
}
