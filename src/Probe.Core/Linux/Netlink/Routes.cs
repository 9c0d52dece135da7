using System.Runtime.InteropServices;
using Probe.Core.Packets;
using static Probe.Core.Linux.NetlinkConstants;
using static Probe.Core.Linux.SocketConstants;

namespace Probe.Core.Linux.Netlink;

/// <summary>What the kernel says about the way to one destination (RTM_GETROUTE).</summary>
internal readonly record struct KernelRoute
{
    /// <summary>Where it leads; no address for the default route.</summary>
    public IpAddress Destination { get; init; }

    /// <summary>Bits of <see cref="Destination"/> that count.</summary>
    public byte PrefixLength { get; init; }

    /// <summary>Index of the interface; 0 when there is none.</summary>
    public int InterfaceIndex { get; init; }

    /// <summary>Next hop; no address for an on-link destination.</summary>
    public IpAddress Gateway { get; init; }

    /// <summary>Source address the kernel would take; no address when it names none.</summary>
    public IpAddress PreferredSource { get; init; }

    /// <summary>RTN_UNICAST, RTN_LOCAL, …</summary>
    public byte Type { get; init; }

    /// <summary>Routing table that held the route.</summary>
    public uint Table { get; init; }

    /// <summary>RTA_PRIORITY, the metric by which it is chosen; 0 when it has none.</summary>
    public uint Priority { get; init; }

    /// <summary>RTAX_MTU; 0 when the route has none.</summary>
    public int Mtu { get; init; }

    /// <summary>The MTU is locked (RTAX_LOCK): packets go out without DF.</summary>
    public bool MtuLocked { get; init; }

    /// <summary>Seconds until the entry expires; 0 when it does not.</summary>
    public long ExpiresSeconds { get; init; }

    /// <summary>RTM_F_CLONED: a cached entry, not a configured route.</summary>
    public bool Cloned { get; init; }
}

/// <summary>Looks routes up and deletes a learned one, over rtnetlink.</summary>
internal static unsafe class Routes
{
    /// <summary>Times of rtnetlink count USER_HZ ticks, 100 a second on every architecture this runs on.</summary>
    public const int UserHz = 100;

    /// <summary>The way to a destination, as <c>ip route get</c> asks for it.</summary>
    /// <exception cref="LinuxException">No route (ENETUNREACH, EHOSTUNREACH, …).</exception>
    public static KernelRoute Get(IpAddress target, IpAddress source = default, int interfaceIndex = 0, uint mark = 0)
    {
        using var netlink = new NetlinkSocket();
        var errno = TryGet(netlink, target, out var found, source, interfaceIndex, mark);
        return errno == 0
            ? found
            : throw new LinuxException(errno, $"find a route to {target}{(source.IsNone ? "" : $" from {source}")}", errno switch
            {
                // What the kernel says of a source that is not this host's own differs by family.
                Errno.EINVAL or Errno.ENETUNREACH or Errno.EHOSTUNREACH when !source.IsNone =>
                    "the source is not an address of this host, or has no route there; see: ip addr",
                Errno.ENETUNREACH or Errno.EHOSTUNREACH => "this host has no route to it",
                _ => null,
            });
    }

    /// <summary>The same over a conversation that is open already; the error number, or 0, instead of an exception.</summary>
    public static int TryGet(
        NetlinkSocket netlink, IpAddress target, out KernelRoute found, IpAddress source = default, int interfaceIndex = 0, uint mark = 0)
    {
        var message = Request(RTM_GETROUTE, NLM_F_REQUEST | NLM_F_ACK, target, RTM_F_LOOKUP_TABLE, (byte)(source.Length * 8));
        Span<byte> octets = stackalloc byte[16];
        if (!source.IsNone)
        {
            message.Attribute(RTA_SRC, octets[..source.WriteTo(octets)]);
        }

        if (interfaceIndex != 0)
        {
            message.Attribute(RTA_OIF, (uint)interfaceIndex);
        }

        if (mark != 0)
        {
            message.Attribute(RTA_MARK, mark);
        }

        KernelRoute? route = null;
        var errno = netlink.Ask(message, (type, body) =>
        {
            if (type == RTM_NEWROUTE && body.Length >= sizeof(rtmsg))
            {
                route = Parse(body);
            }
        });
        found = route ?? default;
        return errno == 0 && route is null ? Errno.ENETUNREACH : errno;
    }

    /// <summary>
    /// The configured route that a destination falls under, whatever was learned for it (RTM_F_FIB_MATCH, 4.13); null when there is none.
    /// </summary>
    public static KernelRoute? Configured(NetlinkSocket netlink, IpAddress target)
    {
        KernelRoute? route = null;
        var errno =
            netlink.Ask(Request(RTM_GETROUTE, NLM_F_REQUEST | NLM_F_ACK, target, RTM_F_LOOKUP_TABLE | RTM_F_FIB_MATCH), (type, body) =>
        {
            if (type == RTM_NEWROUTE && body.Length >= sizeof(rtmsg))
            {
                route = Parse(body);
            }
        });
        return errno switch
        {
            0 or Errno.ENETUNREACH or Errno.EHOSTUNREACH => route,
            _ => throw new LinuxException(errno, $"find the configured route to {target}"),
        };
    }

    /// <summary>
    /// Every entry that the kernel learned for a destination, of both families, as <c>ip route show cache</c> lists them.
    /// </summary>
    public static IReadOnlyList<KernelRoute> Learned()
    {
        var routes = new List<KernelRoute>();
        foreach (var family in (ReadOnlySpan<byte>)[AF_INET, AF_INET6])
        {
            using var netlink = new NetlinkSocket();
            netlink.SelectStrictly();
            var header = new rtmsg { rtm_family = family, rtm_flags = RTM_F_CLONED };
            var errno = netlink.Ask(NetlinkMessage.Of(RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP, header), (type, body) =>
            {
                // A kernel without IPv6 lists IPv4 instead.
                if (type == RTM_NEWROUTE && body.Length >= sizeof(rtmsg) && Parse(body) is { Cloned: true } route
                    && route.Destination.IsV6 == (family == AF_INET6))
                {
                    routes.Add(route);
                }
            });

            // A kernel without IPv6 has none.
            if (errno is not (0 or Errno.EOPNOTSUPP or Errno.EAFNOSUPPORT))
            {
                throw new LinuxException(errno, "list learned routes");
            }
        }

        return routes;
    }

    /// <summary>Deletes the learned entry of exactly this destination, nothing else.</summary>
    /// <returns>0, or the error number (EPERM without CAP_NET_ADMIN, ESRCH when it is gone).</returns>
    public static int DeleteLearned(IpAddress target, uint table)
    {
        using var netlink = new NetlinkSocket();
        return netlink.Ask(Request(RTM_DELROUTE, NLM_F_REQUEST | NLM_F_ACK, target, RTM_F_CLONED).Attribute(RTA_TABLE, table));
    }

    internal static KernelRoute Parse(ReadOnlySpan<byte> body)
    {
        var header = MemoryMarshal.Read<rtmsg>(body);
        var route = new KernelRoute
        {
            Type = header.rtm_type,
            PrefixLength = header.rtm_dst_len,
            Table = header.rtm_table,
            Cloned = (header.rtm_flags & RTM_F_CLONED) != 0,
            Gateway = GatewayOf(body[sizeof(rtmsg)..]),
        };
        var attributes = new NetlinkAttributes(body[sizeof(rtmsg)..]);
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case RTA_DST when attributes.Value.Length is 4 or 16:
                    route = route with { Destination = new IpAddress(attributes.Value) };
                    break;
                case RTA_OIF:
                    route = route with { InterfaceIndex = (int)attributes.Number };
                    break;
                case RTA_PREFSRC when attributes.Value.Length is 4 or 16:
                    route = route with { PreferredSource = new IpAddress(attributes.Value) };
                    break;
                case RTA_TABLE:
                    route = route with { Table = attributes.Number };
                    break;
                case RTA_PRIORITY:
                    route = route with { Priority = attributes.Number };
                    break;
                case RTA_CACHEINFO when attributes.Value.Length >= sizeof(rta_cacheinfo):
                    route = route with { ExpiresSeconds = Seconds(MemoryMarshal.Read<rta_cacheinfo>(attributes.Value).rta_expires) };
                    break;
                case RTA_METRICS:
                    route = Metrics(route, attributes.Value);
                    break;
            }
        }

        return route;
    }

    /// <summary>The next hop among the attributes of a route or of one of its next hops; no address for an on-link one.</summary>
    internal static IpAddress GatewayOf(ReadOnlySpan<byte> octets)
    {
        var attributes = new NetlinkAttributes(octets);
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case RTA_GATEWAY when attributes.Value.Length is 4 or 16:
                    return new IpAddress(attributes.Value);
                case RTA_VIA when attributes.Value.Length is 6 or 18:
                    // An IPv4 route through an IPv6 gateway (RFC 5549): a family in host order stands before the address.
                    return new IpAddress(attributes.Value[2..]);
            }
        }

        return default;
    }

    private static KernelRoute Metrics(KernelRoute route, ReadOnlySpan<byte> octets)
    {
        var metrics = new NetlinkAttributes(octets);
        while (metrics.MoveNext())
        {
            switch (metrics.Type)
            {
                case RTAX_LOCK:
                    route = route with { MtuLocked = (metrics.Number & 1u << RTAX_MTU) != 0 };
                    break;
                case RTAX_MTU:
                    route = route with { Mtu = (int)metrics.Number };
                    break;
            }
        }

        return route;
    }

    private static long Seconds(int ticks) => ticks <= 0 ? 0 : Math.Max(1, ticks / UserHz);

    private static NetlinkMessage Request(ushort type, ushort flags, IpAddress target, uint routeFlags, byte sourceBits = 0)
    {
        Span<byte> octets = stackalloc byte[16];
        var length = target.WriteTo(octets);
        var header = new rtmsg
        {
            rtm_family = (byte)(target.IsV4 ? AF_INET : AF_INET6),
            rtm_dst_len = (byte)(length * 8),
            rtm_src_len = sourceBits,
            rtm_flags = routeFlags,
        };
        return NetlinkMessage.Of(type, flags, header).Attribute(RTA_DST, octets[..length]);
    }
}
