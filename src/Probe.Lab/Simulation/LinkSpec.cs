using System.Collections.Immutable;
using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>A link between two nodes, with the addresses of the interface at each end.</summary>
public sealed record LinkSpec
{
    /// <summary>Name by which a route may choose it among parallel links; "" leaves it nameless.</summary>
    public string Name { get; init; } = "";

    public required LinkEnd A { get; init; }

    public required LinkEnd B { get; init; }

    /// <summary>What happens to packets from A to B, and from B to A unless <see cref="Back"/> says otherwise.</summary>
    public LinkQuality Quality { get; init; } = new();

    /// <summary>What happens to packets from B to A, when that differs.</summary>
    public LinkQuality? Back { get; init; }

    internal bool Joins(string a, string b) => (Is(A, a) && Is(B, b)) || (Is(A, b) && Is(B, a));

    internal IEnumerable<LinkEnd> EndsAt(string node)
    {
        if (Is(A, node))
        {
            yield return A;
        }

        if (Is(B, node))
        {
            yield return B;
        }
    }

    private static bool Is(LinkEnd end, string node) => string.Equals(end.Node, node, StringComparison.Ordinal);
}

/// <summary>One end of a link.</summary>
/// <param name="Node">Name of the node.</param>
/// <param name="Addresses">Addresses of the interface; of each family the first is the one a router answers from.</param>
public sealed record LinkEnd(string Node, ImmutableArray<IpAddress> Addresses);

/// <summary>What one direction of a link does to packets.</summary>
public sealed record LinkQuality
{
    /// <summary>Time a packet takes.</summary>
    public long DelayNs { get; init; }

    /// <summary>Up to so much more, drawn evenly; packets keep their order all the same.</summary>
    public long JitterNs { get; init; }

    /// <summary>Share of packets lost, 0 to 1.</summary>
    public double Loss { get; init; }

    /// <summary>Packets lost for certain, by their number on this direction, the first being 0.</summary>
    public ImmutableArray<long> Lost { get; init; } = [];

    /// <summary>Share of packets that arrive twice.</summary>
    public double Duplicate { get; init; }

    /// <summary>Share of packets that are held back by <see cref="ReorderNs"/>, so that later ones overtake them.</summary>
    public double Reorder { get; init; }

    /// <summary>How long a reordered packet is held back.</summary>
    public long ReorderNs { get; init; } = 1_000_000;

    /// <summary>Octets of the largest IP packet it carries.</summary>
    public int Mtu { get; init; } = 1500;
}
