using System.Buffers.Binary;
using System.Globalization;
using Probe.Core.Conversations;
using Probe.Core.Evidence;
using Probe.Core.Host;
using Probe.Core.Linux;
using Probe.Core.Packets;
using Probe.Core.Wire;

namespace Probe.Lab.Simulation.Tcp;

/// <summary>
/// The TCP of the vantage host of a simulated network, under virtual time: it learns path MTUs from ICMP as Linux does, and refuses the
/// segments of connections that were opened before and reckon with an older one (ip_fragment, net/ipv4/ip_output.c).
/// </summary>
internal sealed class SimulatedTcpStack : ITcpStack, ITcpHost, INodeBehaviour
{
    // net.ipv4.route.mtu_expires
    private const long ExpiresSeconds = 600;
    private const long Second = 1_000_000_000;

    private readonly SimulatedNetwork _network;
    private readonly Dictionary<TcpTuple, TcpConnection> _connections = [];
    private readonly Dictionary<IpAddress, long> _learnedNs = [];
    private readonly List<SimulatedErrors> _errors = [];
    private ushort _lastPort = 40_000;
    private bool _readable;
    private volatile bool _woken;

    /// <summary>Takes over what reaches the vantage host.</summary>
    public SimulatedTcpStack(SimulatedNetwork network)
    {
        _network = network;
        network.ReassemblesAtVantage = true;
    }

    /// <inheritdoc cref="ITcpStack.NowNs"/>
    public long NowNs => _network.NowNs;

    /// <summary>The truth: segments that the host refused to send for their size, over IPv4 and IPv6.</summary>
    public (int V4, int V6) Refused { get; private set; }

    /// <inheritdoc/>
    public IConversation Open(TcpConversationOptions options)
    {
        var own = options.Target.IsV6 ? _network.Vantage.OwnV6 : _network.Vantage.OwnV4;
        var tuple = new TcpTuple(options.Source.IsNone ? own : options.Source, ++_lastPort, options.Target, options.Port);
        if (_network.FirstMtu(options.Target) == 0)
        {
            return new SimulatedConversation(this, tuple, Errno.ENETUNREACH);
        }

        var connection = TcpConnection.Connect(this, tuple, (uint)Chance.Mix(tuple.LocalPort));
        _connections.Add(tuple, connection);
        return new SimulatedConversation(this, connection);
    }

    /// <inheritdoc/>
    public void Wait(long untilNs)
    {
        _readable = false;
        while (!_woken && !_readable && _network.TryNext(untilNs, out var delivery))
        {
            Take(delivery.Octets, delivery.DueNs);
        }

        _woken = false;
    }

    /// <inheritdoc/>
    public void Wake() => _woken = true;

    /// <inheritdoc/>
    public LearnedPathMtu? LearnedPathMtu(TcpConversationOptions to) =>
        !_learnedNs.TryGetValue(to.Target, out var atNs) ? null : new LearnedPathMtu
    {
        Destination = to.Target.ToString(),
        LearnedMtu = _network.Vantage.PathMtus.To(to.Target),
        ExpiresSeconds = ExpiresSeconds - (NowNs - atNs) / Second,
        DeviceMtu = _network.FirstMtu(to.Target),
    };

    /// <inheritdoc/>
    public CounterSnapshot ReadCounters()
    {
        var (v4, v6) = Refused;
        return CounterSnapshot.Parse(
            string.Create(CultureInfo.InvariantCulture, $"Ip: FragFails\nIp: {v4}\nIcmp: OutDestUnreachs\nIcmp: {v4}"),
            string.Create(CultureInfo.InvariantCulture, $"Ip6FragFails {v6}\nIcmp6OutPktTooBigs {v6}"));
    }

    /// <inheritdoc/>
    public IPacketPort OpenErrors(TcpConversationOptions to)
    {
        var port = new SimulatedErrors(this);
        _errors.Add(port);
        return port;
    }

    /// <inheritdoc/>
    public int MtuTo(IpAddress destination) => Math.Min(_network.FirstMtu(destination), _network.Vantage.PathMtus.To(destination));

    /// <inheritdoc/>
    public bool TrySend(TcpConnection connection, ReadOnlySpan<byte> packet)
    {
        var (local, remote) = (connection.Tuple.Local, connection.Tuple.Remote);
        if (packet.Length <= MtuTo(remote))
        {
            _network.Inject(packet, NowNs);
            return true;
        }

        Refused = remote.IsV6 ? Refused with { V6 = Refused.V6 + 1 } : Refused with { V4 = Refused.V4 + 1 };
        Tell(remote.IsV6, local, local, TooBig(remote.IsV6, packet, MtuTo(remote)), NowNs);
        connection.Sender.PathMtuFell(MtuTo(remote));
        return false;
    }

    /// <inheritdoc/>
    public void SetTimer(long afterNs, TcpConnection connection) => _network.SetTimer(_network.Vantage, afterNs, this, connection);

    /// <inheritdoc/>
    public void TimerRan(SimulatedNode node, object state) => ((TcpConnection)state).TimerRan();

    /// <summary>The connection is closed and forgotten.</summary>
    public void Close(TcpConnection connection)
    {
        connection.Abort();
        _connections.Remove(connection.Tuple);
    }

    /// <summary>The port is closed.</summary>
    public void Close(SimulatedErrors port) => _errors.Remove(port);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var connection in _connections.Values.ToList())
        {
            Close(connection);
        }
    }

    private void Take(ReadOnlySpan<byte> octets, long atNs)
    {
        if (!IpPacket.TryRead(octets, out var ip))
        {
            return;
        }

        if (ip.Protocol == IpProtocol.Tcp && TcpHeader.TryRead(ip.Payload, out var tcp))
        {
            if (_connections.TryGetValue(new TcpTuple(ip.Destination, tcp.DestinationPort, ip.Source, tcp.SourcePort), out var connection))
            {
                connection.Take(tcp);
                _readable = connection.Receiver.Unread > 0 || connection.State is TcpState.CloseWait or TcpState.Closed;
            }
        }
        else if (ip.Protocol is IpProtocol.Icmp
            or IpProtocol.IcmpV6 && IcmpMessage.TryRead(ip.Payload, ip.IsV6, out var message) && message.IsError)
        {
            Tell(ip.IsV6, ip.Source, ip.Destination, ip.Payload.ToArray(), atNs);
            TakeError(message);
        }
    }

    private void TakeError(in IcmpMessage message)
    {
        if (!IpPacket.TryReadQuote(message.Quote, out var quoted) || quoted.Protocol != IpProtocol.Tcp || quoted.Payload.Length < 8)
        {
            return;
        }

        var (from, to) = (BinaryPrimitives.ReadUInt16BigEndian(quoted.Payload), BinaryPrimitives.ReadUInt16BigEndian(quoted.Payload[2..]));
        if (!_connections.TryGetValue(new TcpTuple(quoted.Source, from, quoted.Destination, to), out var connection))
        {
            return;
        }

        if (!IcmpErrors.IsTooBig(message))
        {
            var isPort = message.IsV6 ? (message.Type, message.Code) == (1, 4) : (message.Type, message.Code) == (3, 3);
            connection.Unreachable(isPort ? Errno.ECONNREFUSED : Errno.EHOSTUNREACH);
            _readable = true;
            return;
        }

        var before = _network.Vantage.PathMtus.To(quoted.Destination);
        _network.Vantage.PathMtus.Learn(quoted.Destination, message.Mtu);
        if (_network.Vantage.PathMtus.To(quoted.Destination) < before)
        {
            _learnedNs[quoted.Destination] = NowNs;
        }

        connection.TooBig(BinaryPrimitives.ReadUInt32BigEndian(quoted.Payload[4..]), MtuTo(quoted.Destination));
    }

    private void Tell(bool isV6, IpAddress from, IpAddress to, byte[] message, long atNs) =>
        _errors.ForEach(port => port.Add(isV6, from, to, message, atNs));

    private static byte[] TooBig(bool isV6, ReadOnlySpan<byte> packet, int mtu)
    {
        const int QuotedOctets = 128;
        var quote = packet[..Math.Min(packet.Length, QuotedOctets)];
        var message = new byte[IcmpMessage.HeaderLength + quote.Length];
        var (type, code) = isV6 ? ((byte)2, (byte)0) : ((byte)3, (byte)4);
        IcmpMessage.Write(message, isV6, type, code, (uint)mtu, quote);
        return message;
    }
}
