using Probe.Core.Linux.Netlink;
using Probe.Core.Linux.Sockets;
using Probe.Core.Linux;
using Probe.Core.Packets;
using static Probe.Core.Linux.SocketConstants;

namespace Probe.Core.Host;

/// <summary>The way this host takes to one destination.</summary>
public sealed record RouteLookup
{
    /// <summary>Name of the interface; null when the route has none (blackhole).</summary>
    public string? Interface { get; init; }

    /// <summary>Index of the interface; 0 when the route has none.</summary>
    public int InterfaceIndex { get; init; }

    /// <summary>Next hop; null for an on-link destination.</summary>
    public IpAddress? Gateway { get; init; }

    /// <summary>Source address that the kernel prefers; null when the route names none.</summary>
    public IpAddress? PreferredSource { get; init; }

    /// <summary>MTU of the route, configured or learned, octets; null when it has none of its own and the interface's holds.</summary>
    public int? Mtu { get; init; }

    /// <summary>The MTU is locked: packets go out without DF and are fragmented to it.</summary>
    public bool MtuLocked { get; init; }

    /// <summary>Seconds until the learned entry expires; null for a route that does not.</summary>
    public long? ExpiresSeconds { get; init; }

    /// <summary>An exception that the kernel learned for this destination, not a configured route.</summary>
    public bool Learned { get; init; }

    /// <summary>Routing table that held it.</summary>
    public uint Table { get; init; }
}

/// <summary>What became of a path MTU exception that a probe may have caused.</summary>
public enum RouteCacheOutcome
{
    /// <summary>There is none.</summary>
    None,

    /// <summary>It was there before the probe; it is not ours to remove.</summary>
    WasThereBefore,

    /// <summary>Our probe caused it, and it is removed.</summary>
    Removed,

    /// <summary>Our probe caused it, and removing it needs CAP_NET_ADMIN: it stays until it expires.</summary>
    StaysUntilExpiry,

    /// <summary>The kernel could not be asked, as where the route is gone.</summary>
    Unknown,
}

/// <summary>Asks the kernel for routes and source addresses; sends nothing. Works in the calling thread's network namespace.</summary>
public static class HostRoutes
{
    /// <summary>Refuses an interface that is not there.</summary>
    /// <exception cref="LinuxException">No interface has this name.</exception>
    public static void RequireInterface(string name) => Interfaces.Index(name);

    /// <summary>The address is one of this host's own.</summary>
    public static bool IsOwn(IpAddress address)
    {
        using var netlink = new NetlinkSocket();
        return Routes.TryGet(netlink, address, out var route) == 0 && route.Type == NetlinkConstants.RTN_LOCAL;
    }

    /// <summary>The source address that a packet to this target would get.</summary>
    /// <param name="target">The destination.</param>
    /// <param name="networkInterface">As <c>--interface</c>.</param>
    /// <param name="mark">As <c>--mark</c>.</param>
    /// <exception cref="LinuxException">No route to the target, no such interface, or the mark needs CAP_NET_ADMIN.</exception>
    public static IpAddress SelectSource(IpAddress target, string? networkInterface = null, uint? mark = null)
    {
        using var socket = SocketCalls.Open(target.IsV4 ? AF_INET : AF_INET6, SOCK_DGRAM, 0, "a UDP socket");
        if (networkInterface is not null)
        {
            SocketCalls.BindToDevice(socket, networkInterface);
        }

        if (mark is { } value)
        {
            SocketCalls.Mark(socket, value);
        }

        // Connecting a datagram socket only chooses; the port is of no matter and must not be 0.
        SocketCalls.Connect(socket, new SocketAddress(target, 9, SocketCalls.Scope(target, networkInterface)), networkInterface);
        return SocketCalls.LocalAddress(socket).Address;
    }

    /// <summary>The route to a target, learned exceptions included.</summary>
    /// <param name="target">The destination.</param>
    /// <param name="source">As <c>--source</c>; no address leaves it open.</param>
    /// <param name="networkInterface">As <c>--interface</c>.</param>
    /// <param name="mark">As <c>--mark</c>.</param>
    /// <exception cref="LinuxException">No route to the target.</exception>
    public static RouteLookup Lookup(IpAddress target, IpAddress source = default, string? networkInterface = null, uint? mark = null)
    {
        var route = Routes.Get(target, source, networkInterface is null ? 0 : Interfaces.Index(networkInterface), mark ?? 0);

        // IPv4 marks every answer as cloned, learned or not; only a learned one expires. An IPv6 route from a router advertisement
        // expires without being cloned.
        var learned = route.Cloned && route.ExpiresSeconds > 0;
        return new RouteLookup
        {
            Interface = route.InterfaceIndex == 0 ? null : Interfaces.Name(route.InterfaceIndex),
            InterfaceIndex = route.InterfaceIndex,
            Gateway = route.Gateway.IsNone ? null : route.Gateway,
            PreferredSource = route.PreferredSource.IsNone ? null : route.PreferredSource,
            Mtu = route.Mtu == 0 ? null : route.Mtu,
            MtuLocked = route.MtuLocked,
            ExpiresSeconds = route.ExpiresSeconds == 0 ? null : route.ExpiresSeconds,
            Learned = learned,
            Table = route.Table,
        };
    }

    /// <summary>
    /// Removes the exception that an ICMPv6 echo of ours caused: absent before, present now. Nothing else is ever deleted.
    /// </summary>
    /// <param name="target">The IPv6 target.</param>
    /// <param name="before">What <see cref="Lookup"/> said before the first probe.</param>
    /// <param name="networkInterface">As for that lookup.</param>
    /// <param name="mark">As for that lookup.</param>
    /// <param name="now">What is there after the call.</param>
    public static RouteCacheOutcome RemoveOwnEntry(
        IpAddress target, RouteLookup before, out RouteLookup now, string? networkInterface = null, uint? mark = null)
    {
        ArgumentNullException.ThrowIfNull(before);
        if (!target.IsV6)
        {
            throw new ArgumentException("Only ICMPv6 echo makes the kernel learn from our probes.", nameof(target));
        }

        now = Lookup(target, default, networkInterface, mark);
        if (!now.Learned)
        {
            return RouteCacheOutcome.None;
        }

        if (before.Learned)
        {
            return RouteCacheOutcome.WasThereBefore;
        }

        var errno = Routes.DeleteLearned(target, now.Table);
        switch (errno)
        {
            // Gone meanwhile (ESRCH) is what was wanted.
            case 0 or Errno.ESRCH:
                now = Lookup(target, default, networkInterface, mark);
                return RouteCacheOutcome.Removed;
            case Errno.EPERM:
                return RouteCacheOutcome.StaysUntilExpiry;
            default:
                throw new LinuxException(errno, $"remove the learned route to {target}");
        }
    }
}
