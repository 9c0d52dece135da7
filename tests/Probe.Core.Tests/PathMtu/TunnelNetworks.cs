using System.Collections.Immutable;
using Probe.Core.Packets;
using Probe.Lab.Simulation;

namespace Probe.Core.Tests.PathMtu;

/// <summary>Networks with a virtual address behind a tunnel, drawn at random.</summary>
internal static class TunnelNetworks
{
    /// <summary>The encapsulations of the acceptance matrix.</summary>
    public static ImmutableArray<string> Kinds { get; } = ["ipip", "gue", "gue1", "fou", "gre", "vxlan"];

    public static Encapsulation Layer(string kind)
    {
        var remote = TunnelPlan.ServerAddress(1);
        return kind switch
        {
            "ipip" => new IpIpEncapsulation { Remote = remote },
            "gue" => new GueEncapsulation { Remote = remote, Port = GueEncapsulation.DefaultPort },
            "gue1" => new GueEncapsulation { Remote = remote, Port = GueEncapsulation.DefaultPort, Variant1 = true },
            "fou" => new FouEncapsulation { Remote = remote, Port = 5555 },
            "gre" => new GreEncapsulation { Remote = remote },
            _ => new VxlanEncapsulation { Remote = remote, Port = VxlanEncapsulation.DefaultPort, Vni = 7 },
        };
    }

    /// <summary>A plan whose links are all wide enough for full packets inside, its delays drawn.</summary>
    public static TunnelPlan Plan(Random random, string kind) => new()
    {
        Layers = [Layer(kind)],
        EntryMtu = 1600,
        OuterMtu = 1600,
        Quality = new LinkQuality { DelayNs = random.NextInt64(50_000, 5_000_000) },
        Seed = (ulong)random.NextInt64(),
    };

    /// <summary>An outer MTU below what full packets inside need.</summary>
    public static int OuterMtu(Random random, TunnelPlan plan) => Math.Min(PlainNetworks.Size(random, 600), 1499 + plan.Overhead);

    /// <summary>The tunnel's end takes nothing off.</summary>
    public static Topology WithoutEnd(Topology topology) => topology.With("s1", node => node with { TunnelEnd = node.TunnelEnd! with { Accepts = [] } });
}
