using Probe.Core.Linux.Sockets;
using Probe.Core.Linux;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;
using static Probe.Core.Linux.SocketConstants;
using static Probe.Core.Linux.WaitConstants;

namespace Probe.Core.Wire;

/// <summary>
/// A flow on one UDP socket or one ICMP socket (SOCK_DGRAM with IPPROTO_ICMP, "ping socket"). The kernel writes the headers, the payload is
/// that of a raw probe: so the checksum stays constant for a flow of ICMP, and carries the probe's number for UDP.
/// </summary>
internal sealed class DatagramFlow : SocketFlow
{
    private const int StampFlags = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE
        | SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY;

    private const int ReceiveBuffer = 1 << 20;
    private const int RememberedStamps = 256;

    // Each call that fails takes one error of an earlier packet away; answers may bring new ones meanwhile.
    private const int SendAttempts = 16;

    private readonly FileDescriptor _socket;
    private readonly StampNumbers _stamps = new(RememberedStamps);
    private readonly DatagramProbeFinder _finder;
    private readonly bool _isUdp;
    private bool _used;

    /// <exception cref="LinuxException">No permission for ICMP sockets, a foreign source address, no port left.</exception>
    public DatagramFlow(SocketWire wire, uint flowLabel, int index)
        : base(wire, flowLabel, index)
    {
        _isUdp = wire.Options.Protocol == ProbeProtocol.Udp;
        _socket = _isUdp
            ? SocketCalls.Open(Family, SOCK_DGRAM, 0, "a UDP socket")
            : SocketCalls.Open(Family, SOCK_DGRAM, Family == AF_INET6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP, "an ICMP socket", NotInPingGroup);
        try
        {
            SocketCalls.ReceiveBuffer(_socket, ReceiveBuffer);
            SocketCalls.LearnNoPathMtu(_socket, Family, IP_PMTUDISC_INTERFACE);
            SetUp(_socket, StampFlags, port: 0);
            Port = SocketCalls.LocalAddress(_socket).Port;
            wire.Watch(_socket, EPOLLIN, index);
        }
        catch
        {
            _socket.Dispose();
            throw;
        }

        _finder = new DatagramProbeFinder(wire, Port);
    }

    /// <inheritdoc/>
    public override uint Losses => SocketCalls.Drops(_socket);

    private static string NotInPingGroup =>
        $"{LinuxException.NeedsCapability("CAP_NET_RAW")}; "
            + "or try --udp; or allow ICMP sockets with: sysctl -w net.ipv4.ping_group_range='0 2147483647'";

    /// <inheritdoc/>
    public override SendStatus Send(in ProbePacket probe)
    {
        if (_finder.MustWait(probe, Wire.NowNs))
        {
            return SendStatus.Busy;
        }

        SetHeader(_socket, probe, isNew: !_used);
        _used = true;
        ref var entry = ref Wire.Probes.Add(probe, Wire.NowNs);
        for (var attempt = 1; ; attempt++)
        {
            entry.SentNs = Wire.NowNs;
            var errno = SocketCalls.TrySend(_socket, Wire.WritePayload(probe), Target);
            if (errno == 0)
            {
                _stamps.Sent(probe.Number, entry.SentNs);
                _finder.Sent(probe);
                return SendStatus.Sent;
            }

            // Errors that earlier packets met are told to whoever calls next; and whether this one was numbered before is not certain.
            ReadErrors();
            _stamps.Restart(_socket, StampFlags);
            if (errno is Errno.EAGAIN or Errno.ENOBUFS || attempt == SendAttempts)
            {
                entry.Answered = true;
                return StatusOf(errno);
            }
        }
    }

    /// <inheritdoc/>
    public override void Read(uint events)
    {
        ReadErrors();
        ReadAnswers();
    }

    /// <inheritdoc/>
    public override void Dispose() => _socket.Dispose();

    private void ReadErrors()
    {
        var batch = Wire.Batch;
        int count;
        do
        {
            count = batch.Receive(_socket, MSG_ERRQUEUE);
            Wire.Clock.Anchor();
            for (var i = 0; i < count; i++)
            {
                Take(QueuedError.Read(batch, i));
            }
        }
        while (count == batch.Capacity);
    }

    private void Take(in QueuedError error)
    {
        if (_stamps.TryPlace(error, Wire.Clock, out var stamped, out var leftNs))
        {
            Wire.Probes.Left(stamped, leftNs);
            return;
        }

        if (error.IsIcmp)
        {
            var arrival = Wire.Clock.Place(error.RealtimeNs, Wire.NowNs);
            if (_isUdp
                ? _finder.TryFindByUdp(error.Quote, arrival.AtNs, out var number)
                : _finder.TryFindByEcho(error.Quote, Wire.Options.Target, out number))
            {
                Wire.Report(number, error, arrival);
            }
        }
    }

    private void ReadAnswers()
    {
        var batch = Wire.Batch;
        int count;
        do
        {
            count = batch.Receive(_socket, MSG_TRUNC);
            Wire.Clock.Anchor();
            for (var i = 0; i < count; i++)
            {
                Answer(batch, i);
            }
        }
        while (count == batch.Capacity);
    }

    private void Answer(MessageBatch batch, int i)
    {
        ref readonly var from = ref batch.From(i);
        var data = batch.Data(i);
        var (ambiguous, type) = (false, (byte)0);
        int number;
        if (_isUdp)
        {
            if (from.Address != Wire.Options.Target || from.Port != Wire.Options.DestinationPort
                || !_finder.TryFindByAnswer(data, out number, out ambiguous))
            {
                return;
            }
        }
        else if (_finder.TryFindByEcho(data, from.Address, out number))
        {
            type = data[0];
        }
        else
        {
            return;
        }

        var about = QueuedError.Read(batch, i);
        var (atNs, stamp) = Wire.Clock.Place(about.RealtimeNs, Wire.NowNs);
        Wire.Report(new Reply
        {
            Number = number,
            From = from.Address,
            Kind = _isUdp ? ReplyKind.UdpReply : ReplyKind.EchoReply,
            Type = type,
            SentNs = 0,
            ReceivedNs = atNs,
            ReceivedStamp = stamp,
            ReplyTtl = about.Ttl,
            Ambiguous = ambiguous,
        });
    }
}
