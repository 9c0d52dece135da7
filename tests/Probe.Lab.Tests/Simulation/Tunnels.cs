using System.Collections.Immutable;
using Probe.Core.Packets;
using Probe.Lab.Simulation;

namespace Probe.Lab.Tests.Simulation;

/// <summary>The encapsulations of the tests by name, and packets that wear them.</summary>
internal static class Tunnels
{
    public static readonly string[] Names = ["ipip", "gre", "grekey", "fou", "gue", "gue1", "gueremcsum", "vxlan", "geneve", "ipip6", "gue6", "gue+ipip"];

    private static readonly IpAddress s_v4 = TunnelPlan.ServerAddress(1);
    private static readonly IpAddress s_v6 = TunnelPlan.ServerAddress(1, isV6: true);

    public static TheoryData<string, bool> All
    {
        get
        {
            var data = new TheoryData<string, bool>();
            foreach (var name in Names)
            {
                data.Add(name, false);
                data.Add(name, true);
            }

            return data;
        }
    }

    public static TunnelPlan Plan(string name, int entry = 1500, int outer = 1500) => new() { Layers = Of(name), EntryMtu = entry, OuterMtu = outer };

    public static ImmutableArray<Encapsulation> Of(string name) => name switch
    {
        "ipip" => [new IpIpEncapsulation { Remote = s_v4 }],
        "ipip6" => [new IpIpEncapsulation { Remote = s_v6 }],
        "gre" => [new GreEncapsulation { Remote = s_v4 }],
        "grekey" => [new GreEncapsulation { Remote = s_v4, Key = 7, Checksum = true }],
        "fou" => [new FouEncapsulation { Remote = s_v4, Port = 5555 }],
        "gue" => [new GueEncapsulation { Remote = s_v4, Port = 6080 }],
        "gue6" => [new GueEncapsulation { Remote = s_v6, Port = 6080 }],
        "gue1" => [new GueEncapsulation { Remote = s_v4, Port = 6080, Variant1 = true }],
        "gueremcsum" => [new GueEncapsulation { Remote = s_v4, Port = 6080, RemoteChecksum = true }],
        "vxlan" => [new VxlanEncapsulation { Remote = s_v4, Port = 4789, Vni = 42 }],
        "geneve" => [new GeneveEncapsulation { Remote = s_v4, Port = 6081, Vni = 42 }],
        "gue+ipip" => [new GueEncapsulation { Remote = s_v4, Port = 6080 }, new IpIpEncapsulation { Remote = s_v4 }],
        _ => throw new ArgumentException(name, nameof(name)),
    };

    /// <summary>A packet in its tunnel; the outer source is the vantage host, unless another is given.</summary>
    public static byte[] Wrap(ImmutableArray<Encapsulation> layers, byte[] inner, ushort id = 99, IpAddress? source = null)
    {
        var stack = new EncapsulationStack(layers);
        var packet = new byte[stack.Overhead + inner.Length];
        inner.CopyTo(packet, stack.Overhead);
        EncapsulationWriter.Wrap(stack, packet, inner.Length, new OuterFields
        {
            Id = id,
            Sources = [.. layers.Select(layer => source ?? (layer.Remote.IsV6 ? TopologyBuilder.VantageV6 : TopologyBuilder.VantageV4))],
        });
        return packet;
    }

    /// <summary>A real server answers this SYN, in a network that has learned nothing yet.</summary>
    public static bool IsServed(this Topology topology, byte[] packet) => topology.Ask(packet).Exists(answer => answer.Flags == (TcpFlags.Syn | TcpFlags.Ack));
}
