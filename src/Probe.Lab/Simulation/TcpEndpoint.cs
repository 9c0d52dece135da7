using System.Buffers.Binary;
using Probe.Core.Packets;
using Probe.Lab.Simulation.Tcp;

namespace Probe.Lab.Simulation;

/// <summary>
/// The TCP of a node. Its initial sequence numbers follow from the connection, so an ordinary port needs no memory; only the behaviours
/// that are about memory (backlog, stale half-open connections, late resets, repeated SYN-ACKs, connections that are kept) keep any.
/// </summary>
internal sealed class TcpEndpoint(HostSpec host, INodeBehaviour owner)
{
    private const long FirstRetryNs = 1_000_000_000;

    private readonly Dictionary<Connection, HalfOpen> _halfOpen = [];
    private readonly HashSet<Connection> _cleared = [];
    private TcpServer? _server;

    public void Take(SimulatedNode node, SimulatedPacket packet)
    {
        if (!TcpHeader.TryRead(packet.Payload, out var tcp))
        {
            node.Drop(packet, DropReason.Malformed);
            return;
        }

        var service = ServiceOf(tcp.DestinationPort);
        var delayNs = host.DelayNs + (service?.DelayNs ?? 0);
        var connection = new Connection(packet.Source, tcp.SourcePort, packet.Destination, tcp.DestinationPort);
        switch (service?.Behaviour ?? host.OtherTcp)
        {
            case TcpBehaviour.Filtered:
            case var _ when service is { DropsSynData: true } && IsSyn(tcp) && !tcp.Payload.IsEmpty:
                node.Drop(packet, DropReason.Rule);
                return;
            case TcpBehaviour.Closed:
                HostReplies.Reset(node, packet, packet.Destination, delayNs);
                break;
            case TcpBehaviour.BacklogFull when IsSyn(tcp):
                break;
            case TcpBehaviour.StaleHalfOpen when !_cleared.Contains(connection):
                TakeStale(node, packet, tcp, connection, delayNs);
                break;
            case TcpBehaviour.SynAckThenSilence when !IsSyn(tcp):
                break;
            case TcpBehaviour.Discard or TcpBehaviour.Echo:
                _server ??= new TcpServer(node, owner);
                if (!_server.Take(packet, tcp, service ?? new TcpService { Port = tcp.DestinationPort, Behaviour = host.OtherTcp },
                    InitialSequence(connection)))
                {
                    HostReplies.Reset(node, packet, packet.Destination, delayNs);
                }

                break;
            default:
                TakeOpen(node, packet, tcp, connection, service, delayNs);
                break;
        }

        node.Drop(packet, DropReason.Consumed);
    }

    /// <summary>An ICMP error says that a segment of ours was too big.</summary>
    public void TooBig(in IpPacket quoted)
    {
        if (quoted.Protocol == IpProtocol.Tcp && quoted.Payload.Length >= 8)
        {
            var local = BinaryPrimitives.ReadUInt16BigEndian(quoted.Payload);
            var remote = BinaryPrimitives.ReadUInt16BigEndian(quoted.Payload[2..]);
            _server?.TooBig(new TcpTuple(quoted.Source, local, quoted.Destination, remote),
                BinaryPrimitives.ReadUInt32BigEndian(quoted.Payload[4..]));
        }
    }

    public void TimerRan(SimulatedNode node, object state)
    {
        if (state is TcpConnection kept)
        {
            kept.TimerRan();
            return;
        }

        var timer = (HalfOpen)state;
        if (!_halfOpen.TryGetValue(timer.Connection, out var current) || current != timer)
        {
            return;
        }

        if (timer.Service.Behaviour == TcpBehaviour.LateReset)
        {
            _halfOpen.Remove(timer.Connection);
            Send(node, timer.Connection, InitialSequence(timer.Connection) + 1, timer.Acknowledgment, TcpFlags.Rst | TcpFlags.Ack, null,
                null, 0);
            return;
        }

        if (timer.Tries++ >= timer.Service.SynAckRetries)
        {
            _halfOpen.Remove(timer.Connection);
            return;
        }

        Send(node, timer.Connection, InitialSequence(timer.Connection), timer.Acknowledgment, TcpFlags.Syn | TcpFlags.Ack, timer.Service,
            null, 0);
        node.SetTimer(FirstRetryNs << timer.Tries, owner, timer);
    }

    private TcpService? ServiceOf(ushort port)
    {
        foreach (var service in host.Tcp)
        {
            if (service.Covers(port))
            {
                return service;
            }
        }

        return null;
    }

    private static bool IsSyn(in TcpHeader tcp) => (tcp.Flags & (TcpFlags.Syn | TcpFlags.Ack | TcpFlags.Rst)) == TcpFlags.Syn;

    // What was left of the earlier handshake answers first (RFC 5961 section 4); a reset with the number it acknowledged clears it.
    private void TakeStale(SimulatedNode node, SimulatedPacket packet, in TcpHeader tcp, in Connection connection, long delayNs)
    {
        var sequence = InitialSequence(connection) ^ 0x5555_5555;
        var expected = sequence * 3;
        if ((tcp.Flags & TcpFlags.Rst) != 0)
        {
            if (tcp.Sequence == expected)
            {
                _cleared.Add(connection);
            }

            return;
        }

        Send(node, connection, sequence + 1, expected, TcpFlags.Ack, null, packet, delayNs);
    }

    private void TakeOpen(SimulatedNode node, SimulatedPacket packet, in TcpHeader tcp, in Connection connection, TcpService? service,
        long delayNs)
    {
        if (IsSyn(tcp))
        {
            TakeSyn(node, packet, tcp, connection, service, delayNs);
            return;
        }

        // No handshake here ever led to that number, so there is no such connection. Our side sends nothing but a SYN and a FIN.
        if ((tcp.Flags & (TcpFlags.Ack | TcpFlags.Rst)) == TcpFlags.Ack && tcp.Acknowledgment - InitialSequence(connection) is not (1 or 2))
        {
            HostReplies.Reset(node, packet, packet.Destination, delayNs);
            return;
        }

        var isLateReset = service?.Behaviour == TcpBehaviour.LateReset;
        if ((tcp.Flags & TcpFlags.Rst) != 0 || !isLateReset)
        {
            _halfOpen.Remove(connection);
        }

        if ((tcp.Flags & TcpFlags.Rst) != 0 || (tcp.Flags & TcpFlags.Ack) == 0)
        {
            return;
        }

        var length = HostReplies.Length(tcp);
        if (length > 0)
        {
            var flags = (tcp.Flags & TcpFlags.Fin) != 0 ? TcpFlags.Fin | TcpFlags.Ack : TcpFlags.Ack;
            Send(node, connection, tcp.Acknowledgment, tcp.Sequence + length, flags, null, packet, delayNs);
        }
    }

    private void TakeSyn(SimulatedNode node, SimulatedPacket packet, in TcpHeader tcp, in Connection connection, TcpService? service,
        long delayNs)
    {
        var acknowledgment = tcp.Sequence + 1;
        if (service is not null
            && (service.Backlog < int.MaxValue || service.SynAckRetries > 0 || service.Behaviour == TcpBehaviour.LateReset))
        {
            if (!_halfOpen.TryGetValue(connection, out var known))
            {
                if (_halfOpen.Count >= service.Backlog)
                {
                    return;
                }

                known = new HalfOpen(connection, service, acknowledgment);
                _halfOpen[connection] = known;
                if (service.Behaviour == TcpBehaviour.LateReset || service.SynAckRetries > 0)
                {
                    node.SetTimer(delayNs + (service.Behaviour == TcpBehaviour.LateReset ? service.ResetAfterNs : FirstRetryNs), owner,
                        known);
                }
            }
        }

        Send(node, connection, InitialSequence(connection), acknowledgment, TcpFlags.Syn | TcpFlags.Ack, service, packet, delayNs);
    }

    private static void Send(
        SimulatedNode node, in Connection connection, uint sequence, uint acknowledgment, TcpFlags flags, TcpService? service,
        SimulatedPacket? cause, long delayNs)
    {
        ReadOnlySpan<byte> options = (flags & TcpFlags.Syn) != 0 && (service?.Mss ?? 1460) is var mss and > 0
            ? [2, 4, (byte)(mss >> 8), (byte)mss] : [];
        HostReplies.Segment(node, connection.Local, connection.Remote, new TcpFields
        {
            SourcePort = connection.LocalPort,
            DestinationPort = connection.RemotePort,
            Sequence = sequence,
            Acknowledgment = acknowledgment,
            Flags = flags,
            Window = (flags & TcpFlags.Rst) != 0 ? (ushort)0 : (ushort)65160,
        }, options, cause, delayNs);
    }

    private static uint InitialSequence(in Connection connection)
    {
        var hash = Chance.Mix((ulong)connection.Remote.Bits ^ Chance.Mix((ulong)connection.Local.Bits));
        return (uint)Chance.Mix(hash ^ ((ulong)connection.RemotePort << 16 | connection.LocalPort));
    }

    private readonly record struct Connection(IpAddress Remote, ushort RemotePort, IpAddress Local, ushort LocalPort);

    private sealed class HalfOpen(Connection connection, TcpService service, uint acknowledgment)
    {
        public Connection Connection { get; } = connection;

        public TcpService Service { get; } = service;

        public uint Acknowledgment { get; } = acknowledgment;

        public int Tries { get; set; }
    }
}
