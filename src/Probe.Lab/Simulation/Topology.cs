using System.Collections.Immutable;
using System.Text.Json;
using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>
/// A network as data: nodes, links, what each does wrong, and one vantage host that packets are injected at.
/// Routes that are not stated follow the fewest links; among equals the link declared first.
/// </summary>
public sealed record Topology
{
    /// <summary>Seed of everything random: loss, jitter, balancing, noise.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Name of the node that sends the injected packets and gets the deliveries.</summary>
    public required string Vantage { get; init; }

    public required ImmutableArray<NodeSpec> Nodes { get; init; }

    public required ImmutableArray<LinkSpec> Links { get; init; }

    /// <summary>ICMP about other people's packets that reaches the vantage host.</summary>
    public ImmutableArray<NoiseSpec> Noise { get; init; } = [];

    /// <summary>The node of this name.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public NodeSpec Node(string name) =>
        Nodes.FirstOrDefault(node => string.Equals(node.Name, name, StringComparison.Ordinal))
            ?? throw new ArgumentException($"No node is called {name}.");

    /// <summary>The same network with one node changed.</summary>
    public Topology With(string name, Func<NodeSpec, NodeSpec> change) =>
        this with { Nodes = Nodes.Replace(Node(name), change(Node(name))) };

    /// <summary>The same network with the links between two nodes changed.</summary>
    public Topology WithLink(string a, string b, Func<LinkSpec, LinkSpec> change)
    {
        var links = Links.Select(link => link.Joins(a, b) ? change(link) : link).ToImmutableArray();
        return Links.Any(link => link.Joins(a, b))
            ? this with { Links = links } : throw new ArgumentException($"No link joins {a} and {b}.");
    }

    /// <summary>The same network with every link changed.</summary>
    public Topology WithEachLink(Func<LinkSpec, LinkSpec> change) => this with { Links = [.. Links.Select(change)] };

    /// <summary>The first address of a family that a node has, its own before those of its links.</summary>
    /// <exception cref="ArgumentException">It has none.</exception>
    public IpAddress AddressOf(string name, bool isV6 = false)
    {
        var own = Node(name).Addresses.Where(prefix => prefix.Length == prefix.Address.Length * 8).Select(prefix => prefix.Address);
        var ofLinks = Links.SelectMany(link => link.EndsAt(name)).SelectMany(end => end.Addresses);
        foreach (var address in own.Concat(ofLinks))
        {
            if (address.IsV6 == isV6)
            {
                return address;
            }
        }

        throw new ArgumentException($"{name} has no {(isV6 ? "IPv6" : "IPv4")} address.");
    }

    /// <summary>Reads a network that <see cref="ToJson"/> wrote, or a person.</summary>
    /// <exception cref="JsonException">The text is no network.</exception>
    public static Topology FromJson(string json) =>
        JsonDefaults.Read(json, TopologyJson.Default.Topology) ?? throw new JsonException("A network is a JSON object.");

    public string ToJson() => JsonSerializer.Serialize(this, TopologyJson.Default.Topology);

    /// <summary>The network in a few lines for a failing test's message.</summary>
    public override string ToString() => TopologyText.Write(this);
}
