using Probe.Lab.Simulation;

namespace Probe.Core.Tests.PathMtu;

/// <summary>Plain paths with one link smaller than the others, drawn at random.</summary>
internal static class PlainNetworks
{
    public const string Service = "t";

    private static readonly int[] _common = [1492, 1480, 1468, 1450, 1440, 1420, 1400, 1368, 1280, 1006, 576];

    /// <summary>A size: often one that links have, else any.</summary>
    public static int Size(Random random, int least = 400) => random.Next(3) == 0 ? _common[random.Next(_common.Length)] : random.Next(least, 1500);

    /// <summary>Routers in a row with a smaller link somewhere behind the first router.</summary>
    /// <param name="random">Draws the network.</param>
    /// <param name="mtu">MTU of the smaller link.</param>
    /// <param name="policy">What the router before it says.</param>
    /// <param name="loss">Share lost each way, end to end.</param>
    public static Topology Line(Random random, int mtu, TooBigPolicy policy, double loss = 0)
    {
        var routers = random.Next(2, 9);
        var quality = new LinkQuality { DelayNs = random.NextInt64(50_000, 5_000_000) };
        var topology = Topologies.Line(routers, quality, (ulong)random.NextInt64()).With(Service, node => node with { Host = HostOf(random) });
        var at = random.Next(1, routers + 1);
        var (before, after) = ($"r{at}", at == routers ? TopologyBuilder.Target : $"r{at + 1}");
        topology = topology.WithLink(before, after, link => link with { Quality = link.Quality with { Mtu = mtu } })
            .With(before, node => node with { TooBig = policy });
        return loss == 0 ? topology : WithLoss(topology, loss);
    }

    public static Topology WithLoss(Topology topology, double loss) =>
        topology.WithLink(TopologyBuilder.Vantage, "r1", link => link with { Quality = link.Quality with { Loss = loss } });

    /// <summary>An open port or a closed one; a way to ask that a host answers.</summary>
    public static HostSpec HostOf(Random random) => random.Next(2) == 0 ? new HostSpec() : new HostSpec { Tcp = [new TcpService { Port = 80 }] };

    public static TooBigPolicy Honest { get; } = new();

    public static TooBigPolicy Silent { get; } = new() { Silent = Protocols.All };

    public static TooBigPolicy Lie(uint mtu) => new() { Lies = Protocols.All, Mtu = mtu };
}
