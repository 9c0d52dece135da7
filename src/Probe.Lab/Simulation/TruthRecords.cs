using System.Collections.Immutable;
using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>One answer that a packet may draw, as the vantage host would see it.</summary>
/// <param name="From">Its source address on arrival.</param>
/// <param name="Protocol">ICMP, ICMPv6, TCP or UDP.</param>
/// <param name="Type">ICMP type; 0 otherwise.</param>
/// <param name="Code">ICMP code; 0 otherwise.</param>
/// <param name="Mtu">MTU of a frag-needed or packet-too-big; 0 otherwise.</param>
/// <param name="Flags">TCP flags; 0 otherwise.</param>
public readonly record struct TrueReply(IpAddress From, byte Protocol, byte Type, byte Code, uint Mtu, TcpFlags Flags);

/// <summary>What may come back for one TTL.</summary>
/// <param name="Ttl">TTL with which the packet leaves the vantage host.</param>
/// <param name="Replies">Every answer that is possible; none besides these can come.</param>
/// <param name="IsCertain">Nothing random lies between: exactly the replies come, and if there are several, one of them, for the choice was
/// per packet.</param>
public sealed record TrueHop(int Ttl, ImmutableArray<TrueReply> Replies, bool IsCertain)
{
    public override string ToString() => $"ttl {Ttl}{(IsCertain ? "" : "?")}: {string.Join(" or ", Replies)}";
}

/// <summary>A way from the vantage host to where the packet ends.</summary>
/// <param name="Nodes">Names of the nodes after the vantage host.</param>
/// <param name="Links">Names of the directions taken, one before each node.</param>
/// <param name="Mtu">Octets of the largest packet that passes, as the vantage host sends it: what tunnels on the way add is taken
/// off.</param>
/// <param name="Reaches">It ends at an owner of the destination, and not inside a tunnel that nobody opens.</param>
/// <param name="MtuTo">Octets of the largest packet that gets to each of <paramref name="Nodes"/>.</param>
public sealed record TruePath(ImmutableArray<string> Nodes, ImmutableArray<string> Links, int Mtu, bool Reaches, ImmutableArray<int> MtuTo);

/// <summary>A node at one distance.</summary>
/// <param name="Ttl">The smallest TTL that reaches it this way.</param>
/// <param name="Name">Its name.</param>
/// <param name="Address">The address its errors come from there; none for a node that never shows.</param>
public readonly record struct TrueNode(int Ttl, string Name, IpAddress Address);

/// <summary>Two nodes in a row on some path.</summary>
public readonly record struct TrueLink(TrueNode From, TrueNode To);

/// <summary>Everything that lies between the vantage host and a destination over all flows.</summary>
public sealed record TrueGraph(ImmutableArray<TrueNode> Nodes, ImmutableArray<TrueLink> Links)
{
    /// <summary>Addresses at one distance; a node that never shows counts once.</summary>
    public int WidthAt(int ttl) => Nodes.Count(node => node.Ttl == ttl);

    /// <summary>Nodes at one distance, however many addresses they show.</summary>
    public int RoutersAt(int ttl) =>
        Nodes.Where(node => node.Ttl == ttl).Select(node => node.Name).Distinct(StringComparer.Ordinal).Count();

    /// <summary>The largest width.</summary>
    public int Width => Nodes.IsEmpty ? 0 : Nodes.GroupBy(node => node.Ttl).Max(group => group.Count());
}
