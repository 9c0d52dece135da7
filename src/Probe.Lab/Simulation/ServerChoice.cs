using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>Which real server a packet to a virtual address goes to: by connection memory, else by a hash of the flow.</summary>
internal sealed class ServerChoice(DirectorSpec spec, ulong seed)
{
    private readonly Dictionary<FiveTuple, int> _connections = [];

    /// <summary>Number of the server; -1 for a packet that is the director's own.</summary>
    public int For(SimulatedPacket packet)
    {
        if (!Schedules(packet, out var tuple))
        {
            return _connections.GetValueOrDefault(tuple, -1);
        }

        if (!_connections.TryGetValue(tuple, out var server))
        {
            server = ByHash(tuple);
            if (spec.Mode == DirectorMode.Ipvs)
            {
                _connections[tuple] = server;
            }
        }

        return server;
    }

    /// <summary>The same for a packet of a flow that the director has not seen before, without remembering it.</summary>
    public int ForFirst(SimulatedPacket packet) => Schedules(packet, out var tuple) ? ByHash(tuple) : -1;

    // True for a packet that needs no known connection. The tuple is that of the way to the servers.
    private bool Schedules(SimulatedPacket packet, out FiveTuple tuple)
    {
        var isError = TupleWriter.IsError(packet);
        if (!TupleWriter.TryRead(isError ? TupleWriter.QuoteOf(packet) : packet.Octets, out tuple))
        {
            return false;
        }

        tuple = isError ? tuple.Turned : tuple;
        if (spec.Servers.IsEmpty || (!tuple.IsIcmp && (tuple.DestinationPort < spec.FirstPort || tuple.DestinationPort > spec.LastPort)))
        {
            return false;
        }

        if (spec.Mode == DirectorMode.Stateless)
        {
            return true;
        }

        return !isError && packet.Protocol switch
        {
            // ip_vs_proto_tcp.c: tcp_conn_schedule looks at the SYN bit alone.
            IpProtocol.Tcp => TcpHeader.TryRead(packet.Payload, out var tcp) && (tcp.Flags & TcpFlags.Syn) != 0,
            IpProtocol.Udp => true,
            _ => false,
        };
    }

    private int ByHash(in FiveTuple tuple)
    {
        var flow = new FlowKey
        {
            Source = tuple.Source,
            Destination = tuple.Destination,
            Protocol = tuple.Protocol,
            SourcePort = tuple.IsIcmp ? (ushort)0 : tuple.SourcePort,
            DestinationPort = tuple.IsIcmp ? (ushort)0 : tuple.DestinationPort,
        };
        return Math.Min((int)(flow.Draw(FlowFields.FiveTuple, seed) * spec.Servers.Length), spec.Servers.Length - 1);
    }
}
