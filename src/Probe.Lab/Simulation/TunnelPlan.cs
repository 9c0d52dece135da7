using System.Collections.Immutable;
using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>
/// Networks with a virtual address behind tunnels. The virtual addresses are <see cref="TopologyBuilder.TargetV4"/> and
/// <see cref="TopologyBuilder.TargetV6"/>; the real servers <c>s1</c> … answer from them straight to the sender.
/// </summary>
public sealed record TunnelPlan
{
    /// <summary>Name of the director.</summary>
    public const string Director = "d";

    private const string Tunnel = "r2";
    private const string Members = "e";
    private const string Joined = "r3";

    /// <summary>
    /// The headers of the tunnels, outermost first. Addresses are those of each real server, of the family that stands here; a frame
    /// without a MAC gets one.
    /// </summary>
    public required ImmutableArray<Encapsulation> Layers { get; init; }

    /// <summary>Real servers.</summary>
    public int Servers { get; init; } = 1;

    /// <summary>MTU of the director's own link towards the tunnel: the limit that it knows by itself.</summary>
    public int EntryMtu { get; init; } = 1500;

    /// <summary>MTU of the links behind router r2: the limit that an error has to tell the director.</summary>
    public int OuterMtu { get; init; } = 1500;

    /// <summary>MTU of the last link on the way back to the vantage host.</summary>
    public int ReturnMtu { get; init; } = 1500;

    /// <summary>
    /// What is too big for <see cref="ReturnMtu"/> is dropped without a word, with DF or without; else it is fragmented or its sender told:
    /// of an answer from the virtual address, the director.
    /// </summary>
    public bool ReturnIsSilent { get; init; }

    /// <summary>Routers e1 … that share the flows of the tunnel between r2 and r3; 0 for a plain link.</summary>
    public int MemberCount { get; init; }

    /// <summary>MTU of the last member.</summary>
    public int MemberMtu { get; init; } = 1500;

    /// <summary>How the director behaves; its addresses and servers are filled in.</summary>
    public DirectorSpec Balancing { get; init; } = new();

    /// <summary>What answers on each real server: TCP 80 and 443 are open.</summary>
    public HostSpec Host { get; init; } = new() { Tcp = [new TcpService { Port = 80 }, new TcpService { Port = 443 }] };

    /// <summary>Quality of every link, but for the MTUs above.</summary>
    public LinkQuality Quality { get; init; } = new() { DelayNs = 1_000_000 };

    /// <summary>Seed of the network.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Octets that the tunnel adds.</summary>
    public int Overhead => Layers.Sum(layer => layer.Overhead);

    /// <summary>Address of a real server, counted from 1, at which its tunnels end.</summary>
    public static IpAddress ServerAddress(int number, bool isV6 = false) =>
        IpAddress.Parse(isV6 ? FormattableString.Invariant($"fd00:202::{number:x}") : FormattableString.Invariant($"10.202.0.{number}"));

    /// <summary>Both addresses of a real server.</summary>
    internal static ImmutableArray<IpAddress> ServerAddresses(int number) => [ServerAddress(number), ServerAddress(number, isV6: true)];

    /// <summary>
    /// The encapsulations that reach a real server, counted from 1: what a prober at the director says with <c>--via</c>.
    /// </summary>
    public ImmutableArray<Encapsulation> Via(int number = 1) =>
    [
        .. Layers.Select(layer =>
        {
            var to = layer with { Remote = ServerAddress(number, layer.Remote.IsV6) };
            return to is EthernetEncapsulation { Mac: null } frame ? frame with { Mac = 0x0200_0000_0000UL + (ulong)number } : to;
        }),
    ];

    /// <summary>Addresses of the director from which its outer packets come.</summary>
    public static ImmutableArray<IpAddress> DirectorAddresses { get; } = [IpAddress.Parse("10.203.0.1"), IpAddress.Parse("fd00:203::1")];

    /// <summary>The virtual addresses.</summary>
    public static ImmutableArray<IpAddress> VirtualAddresses { get; } = [TopologyBuilder.TargetV4, TopologyBuilder.TargetV6];

    /// <summary>The director as data.</summary>
    internal NodeSpec DirectorNode => new()
    {
        Name = Director,
        Addresses = [.. DirectorAddresses.Concat(VirtualAddresses).Select(IpPrefix.Of)],
        Director = Balancing with { Addresses = VirtualAddresses, Servers = [.. Numbers.Select(number => new RealServer(Via(number)))] },
    };

    /// <summary>h – r1 – d – r2 – s1 … sn, and back s – r1 – h: the vantage host is a client of the virtual address.</summary>
    public Topology FromClient()
    {
        const string entry = "r1";
        var builder = Begin()
            .Host(TopologyBuilder.Vantage, TopologyBuilder.VantageV4, TopologyBuilder.VantageV6)
            .Node(Director, _ => DirectorNode)
            .Link(TopologyBuilder.Vantage, entry)
            .Link(entry, Director)
            .Link(Director, Tunnel, Quality with { Mtu = EntryMtu });
        AddTunnel(builder, Director);

        // From outside the servers' own addresses lie behind the same tunnel's path.
        ToServers(builder, entry, Director);
        foreach (var number in Numbers)
        {
            builder.Link(Name(number), entry);
        }

        return WithReturn(builder.Build(), entry);
    }

    /// <summary>h – r2 – s1 … sn: the vantage host is the director, the virtual address its own.</summary>
    public Topology FromDirector()
    {
        var builder = Begin()
            .Host(TopologyBuilder.Vantage, [TopologyBuilder.VantageV4, TopologyBuilder.VantageV6, .. VirtualAddresses])
            .Link(TopologyBuilder.Vantage, Tunnel, Quality with { Mtu = EntryMtu });
        AddTunnel(builder, TopologyBuilder.Vantage);
        return WithReturn(builder.Build(), Tunnel);
    }

    private IEnumerable<int> Numbers => Enumerable.Range(1, Servers);

    private static string Name(int number) => FormattableString.Invariant($"s{number}");

    private TopologyBuilder Begin() => new() { Seed = Seed, Quality = Quality };

    private void AddTunnel(TopologyBuilder builder, string from)
    {
        var last = MemberCount == 0 ? Tunnel : Joined;
        var members = Enumerable.Range(1, MemberCount).Select(number => FormattableString.Invariant($"{Members}{number}")).ToArray();
        foreach (var member in members)
        {
            var isSmall = string.Equals(member, members[^1], StringComparison.Ordinal);
            builder.Link(Tunnel, member, Quality with { Mtu = isSmall ? Math.Min(MemberMtu, OuterMtu) : OuterMtu }).Link(member, Joined);
        }

        ToServers(builder, from, Tunnel);
        if (members.Length > 0)
        {
            ToServers(builder, Tunnel, members);
        }

        foreach (var number in Numbers)
        {
            var via = Via(number);
            builder
                .Host(Name(number), [.. ServerAddresses(number)])
                .Node(Name(number),
                    node => node with { TunnelEnd = new TunnelEndSpec { Accepts = via, Addresses = VirtualAddresses }, Host = Host })
                .Link(last, Name(number), Quality with { Mtu = OuterMtu });
        }
    }

    // Stated, or the way back would look as near.
    private void ToServers(TopologyBuilder builder, string from, params string[] next) => builder.Node(from, node => node with
    {
        Routes = node.Routes.AddRange(Numbers.SelectMany(number => ServerAddresses(number)).Select(address => new RouteSpec
        {
            Prefix = IpPrefix.Of(address),
            NextHops = [.. next.Select(name => new NextHop(name))],
        })),
    });

    private Topology WithReturn(Topology topology, string last)
    {
        var changed = topology.WithLink(TopologyBuilder.Vantage, last, link => link with { Back = Quality with { Mtu = ReturnMtu } });
        return ReturnIsSilent
            ? changed.With(last, node => node with { TooBig = node.TooBig with { Silent = Protocols.All, Fragments = false } }) : changed;
    }
}
