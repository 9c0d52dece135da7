using Probe.Core.Packets;

namespace Probe.Lab.Networks;

/// <summary>What a diamond looks like.</summary>
/// <param name="Lengths">Routers of each branch, 1 to 8.</param>
public sealed record DiamondShape(params IReadOnlyList<int> Lengths)
{
    /// <summary>A router stands before the split.</summary>
    public bool HasEntry { get; init; }

    /// <summary>Over IPv4 the merge answers with one address whatever the branch; else, and over IPv6, with one for each.</summary>
    public bool MergesInOneAddress { get; init; }

    /// <summary>Whether routers and server limit their ICMP errors.</summary>
    public IcmpLimits Limits { get; init; }
}

/// <summary>
/// A client, a router that splits, branches of real Linux routers, a router that merges, and a server. The split hashes addresses and ports
/// (<c>fib_multipath_hash_policy=1</c>) with a fixed seed, so that the same flow takes the same branch in every run; ICMP echo has no ports
/// and takes one.
/// Branch <c>b</c>, link <c>l</c> has <c>10.(100+b).l.1</c> and <c>fd20:b:l::1</c> towards the client, <c>.2</c> and <c>::2</c> towards the
/// server; branch 0 is what all share: link 1 from the client, link 2 from the entry if there is one, link 9 behind the merge.
/// </summary>
public sealed class LinuxDiamond
{
    private const int SharedBranch = 0;
    private const int FirstLink = 1;
    private const int EntryLink = 2;
    private const int LastLink = 9;

    private readonly string _client;
    private readonly string _split;
    private readonly string _merge;
    private readonly string _server;
    private readonly string? _entry;
    private readonly DiamondShape _shape;
    private readonly IReadOnlyList<string>[] _branches;

    private LinuxDiamond(KernelLab lab, DiamondShape shape)
    {
        Lab = lab;
        _shape = shape;
        var names = new Queue<string>(lab.AddNamespaces(4 + (shape.HasEntry ? 1 : 0) + shape.Lengths.Sum()));
        (_client, _split, _merge, _server) = (names.Dequeue(), names.Dequeue(), names.Dequeue(), names.Dequeue());
        _entry = shape.HasEntry ? names.Dequeue() : null;
        _branches =
            [.. shape.Lengths.Select(length => (IReadOnlyList<string>)[.. Enumerable.Range(0, length).Select(_ => names.Dequeue())])];
    }

    /// <summary>The namespaces.</summary>
    public KernelLab Lab { get; }

    /// <summary>The client's namespace.</summary>
    public string Client => _client;

    /// <summary>Namespace of the server.</summary>
    public string Server => _server;

    /// <summary>The namespace of the first router: the entry, or the split.</summary>
    public string FirstRouter => _entry ?? _split;

    /// <summary>Branches.</summary>
    public int Width => _branches.Length;

    /// <summary>The server's address.</summary>
    public static IpAddress Target(bool v6) => Far(SharedBranch, LastLink, v6);

    /// <summary>
    /// What a search of all paths should find: the nodes by TTL, and the links between them, each from the node at its TTL.
    /// </summary>
    public (HashSet<(int Ttl, IpAddress Address)> Nodes, HashSet<(int Ttl, IpAddress From, IpAddress To)> Links) Truth(bool v6)
    {
        var nodes = new HashSet<(int, IpAddress)>();
        var links = new HashSet<(int, IpAddress, IpAddress)>();
        for (var branch = 1; branch <= Width; branch++)
        {
            IpAddress merge = Far(_shape.MergesInOneAddress && !v6 ? 1 : branch,
                _branches[_shape.MergesInOneAddress && !v6 ? 0 : branch - 1].Count + 1, v6);
            IpAddress[] entry = _shape.HasEntry ? [Far(SharedBranch, FirstLink, v6)] : [];
            IpAddress[] path = [.. entry, Far(SharedBranch, _shape.HasEntry ? EntryLink : FirstLink, v6),
                .. Routers(branch, v6).Take(_branches[branch - 1].Count), merge, Target(v6)];
            for (var i = 0; i < path.Length; i++)
            {
                nodes.Add((i + 1, path[i]));
                if (i > 0)
                {
                    links.Add((i, path[i - 1], path[i]));
                }
            }
        }

        return (nodes, links);
    }

    /// <summary>The address with which the split answers where no router stands before it.</summary>
    public static IpAddress Split(bool v6) => Far(SharedBranch, FirstLink, v6);

    /// <summary>
    /// The addresses that a branch's routers answer with, from the split on; over IPv4 the merge's is the last of them, one for each
    /// branch.
    /// </summary>
    /// <param name="branch">Branch, from 1.</param>
    /// <param name="v6">Family.</param>
    public IReadOnlyList<IpAddress> Routers(int branch, bool v6) =>
        [.. Enumerable.Range(1, _branches[branch - 1].Count + (v6 ? 0 : 1)).Select(link => Far(branch, link, v6))];

    /// <summary>Gives a branch's first link this MTU, at both ends.</summary>
    /// <param name="branch">Branch, from 1.</param>
    /// <param name="mtu">Octets.</param>
    public void Narrow(int branch, int mtu) => KernelLab.Ip(
        [$"-n {_split} link set branch{branch} mtu {mtu}", $"-n {_branches[branch - 1][0]} link set west mtu {mtu}"]);

    /// <summary>Builds it.</summary>
    /// <param name="lab">Owns the namespaces.</param>
    /// <param name="seed">Of the split's hash.</param>
    /// <param name="lengths">Routers of each branch, 1 to 8.</param>
    public static LinuxDiamond Build(KernelLab lab, int seed, params IReadOnlyList<int> lengths) =>
        Build(lab, seed, new DiamondShape(lengths));

    /// <summary>Builds it.</summary>
    /// <param name="lab">Owns the namespaces.</param>
    /// <param name="seed">Of the split's hash.</param>
    /// <param name="shape">Its branches and what else is special.</param>
    public static LinuxDiamond Build(KernelLab lab, int seed, DiamondShape shape)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(shape.Lengths.Count, 1);
        var diamond = new LinuxDiamond(lab, shape);
        var links = diamond.Links().ToList();
        KernelLab.Ip(links.Select(link =>
            $"link add {link.NearDevice} address {Mac(link, 1)} netns {link.Near} type veth peer name {link.FarDevice} address "
                + $"{Mac(link, 2)} netns {link.Far}"));
        LinuxRouter.Configure(diamond._client, forwards: false, IcmpLimits.Off);
        LinuxRouter.Configure(diamond._server, forwards: false, shape.Limits);
        foreach (var router in (string?[])[diamond._entry, diamond._split, diamond._merge,
            .. diamond._branches.SelectMany(branch => branch)])
        {
            if (router is not null)
            {
                LinuxRouter.Configure(router, forwards: true, shape.Limits);
            }
        }

        if (shape.MergesInOneAddress)
        {
            KernelLab.Sysctl(diamond._merge, ("net.ipv4.icmp_errors_use_inbound_ifaddr", "0"));
        }

        KernelLab.Sysctl(diamond._split,
            ("net.ipv4.fib_multipath_hash_policy", "1"), ("net.ipv6.fib_multipath_hash_policy", "1"),
            ("net.ipv4.fib_multipath_hash_seed", $"{seed}"));
        KernelLab.Ip(links.SelectMany(Addresses).Concat(diamond.Routes(v6: false)).Concat(diamond.Routes(v6: true)));
        return diamond;
    }

    private static IpAddress Near(int branch, int link, bool v6) => Address(branch, link, 1, v6);

    private static IpAddress Far(int branch, int link, bool v6) => Address(branch, link, 2, v6);

    private static IpAddress Address(int branch, int link, int end, bool v6) =>
        IpAddress.Parse(v6 ? $"fd20:{branch}:{link}::{end}" : $"10.{100 + branch}.{link}.{end}");

    private static string Prefix(int link, bool v6) => v6 ? $"fd20:0:{link}::/64" : $"10.100.{link}.0/24";

    private static string Mac(Link link, int end) => $"02:20:00:{link.Branch:x2}:{link.Number:x2}:{end:x2}";

    private static IEnumerable<string> Addresses(Link link)
    {
        return End(link.Near, link.NearDevice, Near, Far, Mac(link, 2)).Concat(End(link.Far, link.FarDevice, Far, Near, Mac(link, 1)));

        IEnumerable<string> End(string name, string device, Func<int, int, bool, IpAddress> own, Func<int, int, bool, IpAddress> peer,
            string peerMac) =>
        [
            $"-n {name} addr add {own(link.Branch, link.Number, false)}/24 dev {device}",
            $"-n {name} addr add {own(link.Branch, link.Number, true)}/64 dev {device} nodad",
            $"-n {name} link set {device} up",
            $"-n {name} neigh add {peer(link.Branch, link.Number, false)} lladdr {peerMac} dev {device} nud permanent",
            $"-n {name} neigh add {peer(link.Branch, link.Number, true)} lladdr {peerMac} dev {device} nud permanent",
        ];
    }

    private IEnumerable<Link> Links()
    {
        yield return new Link(SharedBranch, FirstLink, _client, "east", _entry ?? _split, "west");
        if (_entry is not null)
        {
            yield return new Link(SharedBranch, EntryLink, _entry, "east", _split, "west");
        }

        yield return new Link(SharedBranch, LastLink, _merge, "east", _server, "west");
        for (var branch = 1; branch <= Width; branch++)
        {
            var routers = _branches[branch - 1];
            for (var link = 1; link <= routers.Count + 1; link++)
            {
                var (near, nearDevice) = link == 1 ? (_split, $"branch{branch}") : (routers[link - 2], "east");
                var (far, farDevice) = link == routers.Count + 1 ? (_merge, $"branch{branch}") : (routers[link - 1], "west");
                yield return new Link(branch, link, near, nearDevice, far, farDevice);
            }
        }
    }

    private IEnumerable<string> Routes(bool v6)
    {
        var toServer = Prefix(LastLink, v6);
        var toClient = Prefix(FirstLink, v6);
        yield return $"-n {_client} route add default via {Far(SharedBranch, FirstLink, v6)}";
        if (_entry is not null)
        {
            yield return $"-n {_entry} route add {toServer} via {Far(SharedBranch, EntryLink, v6)}";
            yield return $"-n {_split} route add {toClient} via {Near(SharedBranch, EntryLink, v6)}";
        }

        yield return $"-n {_server} route add default via {Near(SharedBranch, LastLink, v6)}";
        yield return $"-n {_split} route add {toServer} "
            + $"{string.Join(' ', Enumerable.Range(1, Width).Select(branch => $"nexthop via {Far(branch, 1, v6)} dev branch{branch}"))}";
        yield return $"-n {_merge} route add {toClient} via {Near(1, _branches[0].Count + 1, v6)}";
        for (var branch = 1; branch <= Width; branch++)
        {
            var routers = _branches[branch - 1];
            for (var router = 0; router < routers.Count; router++)
            {
                yield return $"-n {routers[router]} route add {toServer} via {Far(branch, router + 2, v6)}";
                yield return $"-n {routers[router]} route add {toClient} via {Near(branch, router + 1, v6)}";
            }
        }
    }

    private sealed record Link(int Branch, int Number, string Near, string NearDevice, string Far, string FarDevice);
}
