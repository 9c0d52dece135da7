using Probe.Core.Packets;

namespace Probe.Lab.Networks;

/// <summary>How Linux routers answer about packets they cannot forward.</summary>
public enum IcmpLimits
{
    /// <summary>Every packet draws its answer.</summary>
    Off,

    /// <summary>What the kernel comes with: about one error a second to one address, after a few at once.</summary>
    Stock,
}

/// <summary>
/// A client, routers in a line and a server, all real Linux. Hop <c>k</c> has the addresses <c>10.9.k.2</c> and <c>fd09:k::2</c> towards
/// the client; whoever stands before it has <c>10.9.k.1</c> and <c>fd09:k::1</c>. Interfaces are named <c>west</c> (to the client) and
/// <c>east</c> (to the server).
/// </summary>
public sealed class LinuxLine
{
    private readonly IReadOnlyList<string> _nodes;

    private LinuxLine(KernelLab lab, IReadOnlyList<string> nodes)
    {
        Lab = lab;
        _nodes = nodes;
    }

    /// <summary>The namespaces.</summary>
    public KernelLab Lab { get; }

    /// <summary>Hops to the server, itself included.</summary>
    public int Hops => _nodes.Count - 1;

    /// <summary>The client's namespace.</summary>
    public string Client => _nodes[0];

    /// <summary>The server's namespace.</summary>
    public string Server => _nodes[^1];

    /// <summary>The client's address.</summary>
    public static IpAddress ClientAddress(bool v6) => IpAddress.Parse(Near(1, v6));

    /// <summary>The server's address, the one traced.</summary>
    public IpAddress Target(bool v6) => Hop(Hops, v6);

    /// <summary>The address with which a hop answers.</summary>
    public static IpAddress Hop(int hop, bool v6) => IpAddress.Parse(Far(hop, v6));

    /// <summary>The namespace of a hop.</summary>
    public string Router(int hop) => _nodes[hop];

    /// <summary>Builds a line of so many hops.</summary>
    /// <param name="lab">Owns the namespaces.</param>
    /// <param name="hops">Hops from client to server, at least 2.</param>
    /// <param name="limits">Whether routers and server limit their ICMP errors.</param>
    public static LinuxLine Build(KernelLab lab, int hops, IcmpLimits limits = IcmpLimits.Off)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(hops, 2);
        var line = new LinuxLine(lab, lab.AddNamespaces(hops + 1));
        KernelLab.Ip(line.Links());
        for (var node = 0; node <= hops; node++)
        {
            LinuxRouter.Configure(line._nodes[node], forwards: node > 0 && node < hops, limits);
        }

        KernelLab.Ip(Enumerable.Range(0, hops + 1).SelectMany(line.Node));
        return line;
    }

    private static string Near(int link, bool v6) => v6 ? $"fd09:{link}::1" : $"10.9.{link}.1";

    private static string Far(int link, bool v6) => v6 ? $"fd09:{link}::2" : $"10.9.{link}.2";

    private static string EastMac(int link) => $"02:09:00:00:{link:x2}:01";

    private static string WestMac(int link) => $"02:09:00:00:{link:x2}:02";

    private IEnumerable<string> Links() => Enumerable.Range(1, Hops).Select(link =>
        $"link add east address {EastMac(link)} netns {_nodes[link - 1]} type veth peer name west address {WestMac(link)} netns "
            + $"{_nodes[link]}");

    private IEnumerable<string> Node(int node)
    {
        var prefix = $"-n {_nodes[node]} ";
        if (node > 0)
        {
            yield return $"{prefix}addr add {Far(node, v6: false)}/24 dev west";
            yield return $"{prefix}addr add {Far(node, v6: true)}/64 dev west nodad";
            yield return $"{prefix}link set west up";
        }

        if (node < Hops)
        {
            yield return $"{prefix}addr add {Near(node + 1, v6: false)}/24 dev east";
            yield return $"{prefix}addr add {Near(node + 1, v6: true)}/64 dev east nodad";
            yield return $"{prefix}link set east up";
        }

        foreach (var v6 in new[] { false, true })
        {
            if (node > 0)
            {
                // Known neighbours: the first packets of a fresh IPv6 link would wait a second or two for discovery.
                yield return $"{prefix}neigh add {Near(node, v6)} lladdr {EastMac(node)} dev west nud permanent";
                for (var link = 1; link < node; link++)
                {
                    yield return $"{prefix}route add {(v6 ? $"fd09:{link}::/64" : $"10.9.{link}.0/24")} via {Near(node, v6)}";
                }
            }

            if (node < Hops)
            {
                yield return $"{prefix}neigh add {Far(node + 1, v6)} lladdr {WestMac(node + 1)} dev east nud permanent";
                yield return $"{prefix}route add default via {Far(node + 1, v6)}";
            }
        }
    }
}
