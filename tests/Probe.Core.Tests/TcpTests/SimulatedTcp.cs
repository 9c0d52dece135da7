using Probe.Core.Conversations;
using Probe.Core.Packets;
using Probe.Core.TcpTests;
using Probe.Lab.Simulation;
using Probe.Lab.Simulation.Tcp;

namespace Probe.Core.Tests.TcpTests;

/// <summary>The tests over established TCP in a simulated network under virtual time, beside what is true of it.</summary>
internal sealed class SimulatedTcp : IDisposable
{
    public const long Millisecond = 1_000_000;
    public const ushort Port = 7777;

    private readonly bool _v6;

    private SimulatedTcp(Topology topology, bool v6)
    {
        _v6 = v6;
        Network = new SimulatedNetwork(topology);
        Stack = new SimulatedTcpStack(Network);
        Truth = new GroundTruth(topology);
    }

    public SimulatedNetwork Network { get; }

    public SimulatedTcpStack Stack { get; }

    public GroundTruth Truth { get; }

    /// <summary>The path MTU that is true.</summary>
    public int TrueMtu
    {
        get
        {
            var (from, to) = _v6 ? (TopologyBuilder.VantageV6, TopologyBuilder.TargetV6) : (TopologyBuilder.VantageV4, TopologyBuilder.TargetV4);
            return Truth.PathMtu(GroundTruth.Template(new FlowKey { Source = from, Destination = to, Protocol = IpProtocol.Tcp, DestinationPort = Port }));
        }
    }

    public TcpTestOptions Options => new()
    {
        To = new TcpConversationOptions(new()) { Target = _v6 ? TopologyBuilder.TargetV6 : TopologyBuilder.TargetV4, Port = Port },
        Payload = TcpPayload.Zeros,
    };

    /// <summary>Two routers and a server that discards what it gets; the links between the routers and behind them can be changed.</summary>
    public static SimulatedTcp With(
        Func<TcpService, TcpService>? service = null, int? mtu = null, TooBigPolicy? says = null, MergingSpec? merging = null,
        double loss = 0, bool v6 = false)
    {
        var listening = new TcpService { Port = Port, Behaviour = TcpBehaviour.Discard };
        var topology = Topologies.Line(2, new LinkQuality { DelayNs = Millisecond }, seed: 1)
            .With(TopologyBuilder.Target, node => node with { Host = new HostSpec { Tcp = [service is null ? listening : service(listening)] } })
            .With("r1", node => node with { TooBig = says ?? new TooBigPolicy(), Merging = merging })
            .WithLink("r1", "r2", link => link with { Quality = link.Quality with { Mtu = mtu ?? link.Quality.Mtu, Loss = loss } });
        return new SimulatedTcp(topology, v6);
    }

    /// <summary>Segments with data that the vantage host sent by one connection, by the journal: when, and how long the packet was.</summary>
    public IReadOnlyList<(long AtNs, int Length)> Sent(int localPort)
    {
        var sent = new List<(long AtNs, int Length)>();
        foreach (var entry in Network.Journal.Of(JournalKind.Made).Where(entry => entry.Node == TopologyBuilder.Vantage))
        {
            if (IpPacket.TryRead(entry.Octets.Span, out var ip) && TcpHeader.TryRead(ip.Payload, out var tcp) && tcp.SourcePort == localPort && !tcp.Payload.IsEmpty)
            {
                sent.Add((entry.AtNs, entry.Octets.Length));
            }
        }

        return sent;
    }

    /// <summary>Packets that were dropped for a reason.</summary>
    public int Dropped(DropReason reason) => Network.Journal.Of(JournalKind.Dropped).Count(entry => entry.Reason == reason);

    public void Dispose() => Stack.Dispose();
}
