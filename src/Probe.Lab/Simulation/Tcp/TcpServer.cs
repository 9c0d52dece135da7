using Probe.Core.Packets;

namespace Probe.Lab.Simulation.Tcp;

/// <summary>The connections of a port that keeps them: it takes what comes, and either discards it or sends it back.</summary>
internal sealed class TcpServer(SimulatedNode node, INodeBehaviour owner) : ITcpHost
{
    private readonly Dictionary<TcpTuple, (TcpConnection Connection, TcpService Service)> _connections = [];
    private readonly byte[] _buffer = new byte[2048];

    /// <inheritdoc/>
    public long NowNs => node.NowNs;

    /// <summary>Takes a segment of a connection that is known, or the SYN of a new one; false for anything else.</summary>
    public bool Take(SimulatedPacket packet, in TcpHeader tcp, TcpService service, uint initialSequence)
    {
        var tuple = new TcpTuple(packet.Destination, tcp.DestinationPort, packet.Source, tcp.SourcePort);
        if (!_connections.TryGetValue(tuple, out var known))
        {
            if ((tcp.Flags & (TcpFlags.Syn | TcpFlags.Ack | TcpFlags.Rst)) != TcpFlags.Syn)
            {
                return (tcp.Flags & TcpFlags.Rst) != 0;
            }

            _connections.Add(tuple, (TcpConnection.Accept(this, tuple, initialSequence, tcp, service.Mss, service.DelayedAckNs), service));
            return true;
        }

        known.Connection.Take(tcp);
        Serve(known.Connection, known.Service);
        if (known.Connection.State == TcpState.Closed)
        {
            _connections.Remove(tuple);
        }

        return true;
    }

    /// <summary>An ICMP error says that a segment was too big.</summary>
    public void TooBig(in TcpTuple tuple, uint sequence)
    {
        if (_connections.TryGetValue(tuple, out var known))
        {
            known.Connection.TooBig(sequence, MtuTo(tuple.Remote));
        }
    }

    /// <inheritdoc/>
    public int MtuTo(IpAddress destination) => node.MtuTo(destination);

    /// <inheritdoc/>
    public bool TrySend(TcpConnection connection, ReadOnlySpan<byte> packet)
    {
        // Only the vantage host has connections that outlive what their host has learned.
        node.Send(packet, cause: null);
        return true;
    }

    /// <inheritdoc/>
    public void SetTimer(long afterNs, TcpConnection connection) => node.SetTimer(afterNs, owner, connection);

    private void Serve(TcpConnection connection, TcpService service)
    {
        while (connection.Receiver.Read(_buffer) is > 0 and var count)
        {
            if (service.Behaviour == TcpBehaviour.Echo)
            {
                connection.Sender.Write(_buffer.AsSpan(0, count));
            }
        }

        if (connection.Receiver.IsFinished && connection.State == TcpState.CloseWait)
        {
            connection.Sender.Finish();
        }
    }
}
