using Probe.Core.Evidence;
using Probe.Core.Linux.Netlink;
using Probe.Core.Linux.Sockets;
using Probe.Core.Linux;
using Probe.Core.Packets;

namespace Probe.Core.Host;

/// <summary>
/// Path MTUs that the kernel of the calling thread's network namespace learned from ICMP, each beside the route that is configured.
/// Reads only: nothing is flushed or changed.
/// </summary>
public static class LearnedPathMtus
{
    /// <summary>All of them, by destination; entries that carry no MTU of their own (a redirect) are left out.</summary>
    /// <exception cref="LinuxException">The kernel does not tell.</exception>
    public static IReadOnlyList<LearnedPathMtu> Read()
    {
        using var netlink = new NetlinkSocket();
        return [.. Routes.Learned().Where(route => route.Mtu > 0 && !route.Destination.IsNone).OrderBy(route => route.Destination)
            .Select(route => Of(netlink, route.Destination, route))];
    }

    /// <summary>What was learned for one destination; null when nothing was.</summary>
    /// <param name="destination">The destination.</param>
    /// <param name="source">As <c>--source</c>; no address leaves it open.</param>
    /// <param name="networkInterface">As <c>--interface</c>.</param>
    /// <param name="mark">As <c>--mark</c>.</param>
    /// <exception cref="LinuxException">No route there.</exception>
    public static LearnedPathMtu? For(IpAddress destination, IpAddress source = default, string? networkInterface = null,
        uint? mark = null)
    {
        using var netlink = new NetlinkSocket();
        var route = Routes.Get(destination, source, networkInterface is null ? 0 : Interfaces.Index(networkInterface), mark ?? 0);

        // Every answer for IPv4 is marked cloned; only a learned one expires.
        return route is { Cloned: true, ExpiresSeconds: > 0, Mtu: > 0 } ? Of(netlink, destination, route) : null;
    }

    private static LearnedPathMtu Of(NetlinkSocket netlink, IpAddress destination, KernelRoute learned)
    {
        var configured = Routes.Configured(netlink, destination);
        var name = learned.InterfaceIndex == 0 ? null : Interfaces.Name(learned.InterfaceIndex);
        return new LearnedPathMtu
        {
            Destination = destination.ToString(),
            LearnedMtu = learned.Mtu,
            ExpiresSeconds = learned.ExpiresSeconds == 0 ? null : learned.ExpiresSeconds,
            Locked = learned.MtuLocked,
            Route = configured is not { } route ? null : route.Destination.IsNone ? "default" : $"{route.Destination}/{route.PrefixLength}",
            Metric = configured is { Priority: > 0 } chosen ? chosen.Priority : null,
            Gateway = learned.Gateway.IsNone ? null : learned.Gateway.ToString(),
            Interface = name,
            ConfiguredMtu = configured is { Mtu: > 0 } with ? with.Mtu : null,
            DeviceMtu = name is null ? null : Interfaces.Mtu(name),
        };
    }
}
