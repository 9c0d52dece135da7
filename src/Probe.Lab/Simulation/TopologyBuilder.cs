using System.Collections.Immutable;
using System.Globalization;
using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>
/// Puts a network together and numbers it: link k, counted from 0, gets 10.0.k.1 and 10.0.k.2 (fd00:k::1 and ::2), the end towards the
/// vantage host first. Links that join at a node share its address there, as on one switch, so that a router shows one address to the
/// vantage host.
/// </summary>
public sealed class TopologyBuilder
{
    private readonly Dictionary<string, NodeSpec> _nodes = new(StringComparer.Ordinal);
    private readonly List<string> _order = [];
    private readonly List<LinkSpec> _links = [];

    /// <summary>Addresses of the vantage host.</summary>
    public static IpAddress VantageV4 { get; } = IpAddress.Parse("10.200.0.1");

    public static IpAddress VantageV6 { get; } = IpAddress.Parse("fd00:200::1");

    /// <summary>Addresses of the target that the ready-made networks have.</summary>
    public static IpAddress TargetV4 { get; } = IpAddress.Parse("10.201.0.1");

    public static IpAddress TargetV6 { get; } = IpAddress.Parse("fd00:201::1");

    /// <summary>Names of the vantage host and the target in the ready-made networks.</summary>
    public const string Vantage = "h";

    public const string Target = "t";

    public ulong Seed { get; set; } = 1;

    /// <summary>The quality of links that state none.</summary>
    public LinkQuality Quality { get; set; } = new() { DelayNs = 1_000_000 };

    /// <summary>Gives each link that joins at a node an address of its own.</summary>
    public bool SeparateAddresses { get; set; }

    /// <summary>Adds a router, or changes a node that is there.</summary>
    public TopologyBuilder Node(string name, Func<NodeSpec, NodeSpec>? change = null)
    {
        if (!_nodes.TryGetValue(name, out var node))
        {
            _order.Add(name);
            node = new NodeSpec { Name = name };
        }

        _nodes[name] = change is null ? node : change(node) with { Name = name };
        return this;
    }

    /// <summary>Adds a host with its own addresses.</summary>
    public TopologyBuilder Host(string name, params IpAddress[] addresses) => Node(name, node => node with
    {
        Forwards = false,
        Addresses = [.. addresses.Select(IpPrefix.Of)],
    });

    /// <summary>Joins two nodes; those not yet known become routers.</summary>
    public TopologyBuilder Link(string a, string b, LinkQuality? quality = null, string name = "")
    {
        Node(a);
        Node(b);
        var number = _links.Count;
        _links.Add(new LinkSpec
        {
            Name = name,
            A = new LinkEnd(a, Ends(number, 1)),
            B = new LinkEnd(b, Joined(b) ?? Ends(number, 2)),
            Quality = quality ?? Quality,
        });
        return this;
    }

    /// <summary>States the way of a node to the target, both families.</summary>
    public TopologyBuilder ToTarget(string node, params string[] nextHops) => ToTarget(node, route => route, nextHops);

    /// <summary>States the way of a node to the target and how it is shared.</summary>
    public TopologyBuilder ToTarget(string node, Func<RouteSpec, RouteSpec> change, params string[] nextHops)
    {
        var hops = nextHops.Select(name => new NextHop(name)).ToImmutableArray();
        return Node(node, spec => spec with
        {
            Routes = spec.Routes.AddRange(
                change(new RouteSpec { Prefix = IpPrefix.Of(TargetV4), NextHops = hops }),
                change(new RouteSpec { Prefix = IpPrefix.Of(TargetV6), NextHops = hops })),
        });
    }

    public Topology Build(string vantage = Vantage) => new()
    {
        Seed = Seed,
        Vantage = vantage,
        Nodes = [.. _order.Select(name => _nodes[name])],
        Links = [.. _links],
    };

    private ImmutableArray<IpAddress>? Joined(string node) =>
        SeparateAddresses ? null : _links.Find(link => string.Equals(link.B.Node, node, StringComparison.Ordinal))?.B.Addresses;

    private static ImmutableArray<IpAddress> Ends(int number, int end) =>
    [
        IpAddress.FromV4(0x0a00_0000u + (uint)(number << 8) + (uint)end),
        IpAddress.Parse(string.Create(CultureInfo.InvariantCulture, $"fd00:{number:x}::{end}")),
    ];
}
