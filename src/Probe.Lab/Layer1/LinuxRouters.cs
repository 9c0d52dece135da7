using System.Globalization;
using Probe.Core.Packets;

namespace Probe.Lab.Layer1;

/// <summary>How the routers of a Linux network are set.</summary>
public sealed record LinuxRouterOptions
{
    /// <summary>Switches Linux's limits on ICMP errors off; false leaves what a stock kernel does.</summary>
    public bool NoIcmpLimits { get; init; } = true;

    /// <summary>Seed of the multipath hash, so that flows take the same branch in each run.</summary>
    public uint HashSeed { get; init; } = 4711;
}

/// <summary>A client, real Linux routers and a target, both families, in namespaces of a lab.</summary>
public sealed class LinuxRouters
{
    private const int TargetNet = 255;

    private readonly KernelLab _lab;
    private readonly LinuxRouterOptions _options;
    private int _links;

    private LinuxRouters(KernelLab lab, LinuxRouterOptions? options) => (_lab, _options) = (lab, options ?? new LinuxRouterOptions());

    /// <summary>Name of the client's namespace.</summary>
    public string Client { get; private set; } = "";

    /// <summary>Names of the routers' namespaces.</summary>
    public IReadOnlyList<string> Routers { get; private set; } = [];

    /// <summary>Name of the target's namespace.</summary>
    public string Target { get; private set; } = "";

    public IpAddress TargetV4 { get; } = IpAddress.Parse("10.99.255.1");

    public IpAddress TargetV6 { get; } = IpAddress.Parse("fd99:ff::1");

    /// <summary>The address that each hop answers from, in order; the target last. Of a diamond those of the branches stand one after another.</summary>
    public IReadOnlyList<IpAddress> HopsV4 { get; private set; } = [];

    public IReadOnlyList<IpAddress> HopsV6 { get; private set; } = [];

    /// <summary>Routers in a row.</summary>
    public static LinuxRouters Line(KernelLab lab, int routers, LinuxRouterOptions? options = null)
    {
        var made = new LinuxRouters(lab, options);
        made.MakeNodes(routers);
        string[] row = [made.Client, .. made.Routers, made.Target];
        var (hopsV4, hopsV6) = (new List<IpAddress>(), new List<IpAddress>());
        for (var i = 0; i + 1 < row.Length; i++)
        {
            var (v4, v6) = made.Link(row[i], row[i + 1]);
            made.Route(row[i], [(v4, v6)], toTarget: true);
            made.Route(row[i + 1], [Near(v4, v6)], toTarget: false);
            hopsV4.Add(v4);
            hopsV6.Add(v6);
        }

        hopsV4[^1] = made.TargetV4;
        hopsV6[^1] = made.TargetV6;
        (made.HopsV4, made.HopsV6) = (hopsV4, hopsV6);
        made.Settle();
        return made;
    }

    /// <summary>Client – router – branches of one router each – router – target, shared by Linux's five-tuple hash.</summary>
    public static LinuxRouters Diamond(KernelLab lab, int width, LinuxRouterOptions? options = null)
    {
        var made = new LinuxRouters(lab, options);
        made.MakeNodes(width + 2);
        var (first, last) = (made.Routers[0], made.Routers[^1]);
        var hops = new List<(IpAddress V4, IpAddress V6)> { made.Link(made.Client, first) };
        made.Route(made.Client, [hops[0]], toTarget: true);
        made.Route(first, [Near(hops[0].V4, hops[0].V6)], toTarget: false);
        var branches = made.Routers.Skip(1).SkipLast(1).Select(name => made.Link(first, name)).ToArray();
        made.Route(first, branches, toTarget: true);
        hops.AddRange(branches);
        var back = new List<(IpAddress, IpAddress)>();
        for (var i = 0; i < width; i++)
        {
            var name = made.Routers[i + 1];
            var merge = made.Link(name, last);
            made.Route(name, [merge], toTarget: true);
            made.Route(name, [Near(branches[i].V4, branches[i].V6)], toTarget: false);
            back.Add(Near(merge.V4, merge.V6));
            hops.Add(merge);
        }

        made.Route(last, [back[0]], toTarget: false);
        var end = made.Link(last, made.Target);
        made.Route(last, [end], toTarget: true);
        made.Route(made.Target, [Near(end.V4, end.V6)], toTarget: false);
        (made.HopsV4, made.HopsV6) = ([.. hops.Select(hop => hop.V4), made.TargetV4], [.. hops.Select(hop => hop.V6), made.TargetV6]);
        made.Settle();
        return made;
    }

    private void MakeNodes(int routers)
    {
        var names = _lab.Add(routers + 2);
        (Client, Routers, Target) = (names[0], names[1..^1], names[^1]);
        foreach (var name in names)
        {
            List<string> settings = ["net.ipv4.icmp_errors_use_inbound_ifaddr=1", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0"];
            if (name != Client && name != Target)
            {
                settings.AddRange(["net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1", "net.ipv4.fib_multipath_hash_policy=1", "net.ipv6.fib_multipath_hash_policy=1"]);
                if (File.Exists("/proc/sys/net/ipv4/fib_multipath_hash_seed"))
                {
                    settings.Add(string.Create(CultureInfo.InvariantCulture, $"net.ipv4.fib_multipath_hash_seed={_options.HashSeed}"));
                }
            }

            if (_options.NoIcmpLimits)
            {
                settings.AddRange(["net.ipv4.icmp_ratelimit=0", "net.ipv4.icmp_msgs_per_sec=1000000", "net.ipv4.icmp_msgs_burst=1000000", "net.ipv6.icmp.ratelimit=0"]);
            }

            _lab.Sysctl(name, settings);
        }

        _lab.Ip(Target, $"addr add {TargetV4}/32 dev lo", $"addr add {TargetV6}/128 dev lo");
    }

    // Returns the far end's addresses; the near end has the same with its last part 1.
    private (IpAddress V4, IpAddress V6) Link(string near, string far)
    {
        var number = _links++;
        var (a, b) = (string.Create(CultureInfo.InvariantCulture, $"d{number}"), string.Create(CultureInfo.InvariantCulture, $"u{number}"));
        if (number >= TargetNet)
        {
            throw new InvalidOperationException("Too many links.");
        }

        _lab.Join(near, a, far, b);
        _lab.Ip(near, $"addr add 10.99.{number}.1/24 dev {a}", $"addr add fd99:{number:x}::1/64 dev {a} nodad", $"link set {a} up");
        _lab.Ip(far, $"addr add 10.99.{number}.2/24 dev {b}", $"addr add fd99:{number:x}::2/64 dev {b} nodad", $"link set {b} up");
        return (IpAddress.Parse($"10.99.{number}.2"), IpAddress.Parse(string.Create(CultureInfo.InvariantCulture, $"fd99:{number:x}::2")));
    }

    private static (IpAddress V4, IpAddress V6) Near(IpAddress farV4, IpAddress farV6) =>
        (IpAddress.FromV4((uint)farV4.Bits - 1), IpAddress.FromV6(farV6.Bits - 1));

    private void Route(string name, (IpAddress V4, IpAddress V6)[] nextHops, bool toTarget)
    {
        var (v4, v6) = toTarget ? ("10.99.255.0/24", "fd99:ff::/64") : ("0.0.0.0/0", "::/0");
        _lab.Ip(
            name,
            $"route add {v4} {string.Join(' ', nextHops.Select(hop => nextHops.Length == 1 ? $"via {hop.V4}" : $"nexthop via {hop.V4}"))}",
            $"route add {v6} {string.Join(' ', nextHops.Select(hop => nextHops.Length == 1 ? $"via {hop.V6}" : $"nexthop via {hop.V6}"))}");
    }

    // The first IPv6 packets of a fresh link cost a second or two of neighbour discovery: spent here, not in a measurement.
    private void Settle() => _lab.Run(Client, "ping", "-6", "-n", "-c", "1", "-W", "5", TargetV6.ToString());
}
