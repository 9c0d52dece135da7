using System.Runtime.InteropServices;
using Probe.Core.Packets;
using static Probe.Core.Linux.NetlinkConstants;
using static Probe.Core.Linux.SocketConstants;

namespace Probe.Core.Linux.Netlink;

/// <summary>One configured way: a route, or one next hop of a route with several.</summary>
/// <param name="Destination">First address of the prefix; no address for a default route.</param>
/// <param name="PrefixLength">Bits of the prefix; 0 for a default route.</param>
/// <param name="Gateway">Next hop; no address for an on-link route.</param>
/// <param name="InterfaceIndex">The interface; 0 when it has none.</param>
/// <param name="Type">RTN_UNICAST, RTN_BLACKHOLE, …</param>
/// <param name="Dead">The kernel does not use it, because its interface is down (RTNH_F_DEAD).</param>
internal readonly record struct ListedRoute(IpAddress Destination, int PrefixLength, IpAddress Gateway, int InterfaceIndex, byte Type,
    bool Dead);

/// <summary>The configured routes of the calling thread's network namespace, all tables but the local one.</summary>
internal static unsafe class RouteList
{
    /// <summary>Lists them (RTM_GETROUTE with NLM_F_DUMP).</summary>
    public static IReadOnlyList<ListedRoute> Read(bool v6)
    {
        var routes = new List<ListedRoute>();
        using var netlink = new NetlinkSocket();
        var family = new rtmsg { rtm_family = (byte)(v6 ? AF_INET6 : AF_INET) };
        var errno = netlink.Ask(NetlinkMessage.Of(RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP, family), (type, body) =>
        {
            if (type == RTM_NEWROUTE && body.Length >= sizeof(rtmsg))
            {
                Add(routes, body);
            }
        });
        return errno == 0 ? routes : throw new LinuxException(errno, "list routes");
    }

    private static void Add(List<ListedRoute> routes, ReadOnlySpan<byte> body)
    {
        var header = MemoryMarshal.Read<rtmsg>(body);
        var route = Routes.Parse(body);
        if (route.Table == RT_TABLE_LOCAL || route.Cloned)
        {
            return;
        }

        var (destination, several) = (default(IpAddress), false);
        var dead = (header.rtm_flags & RTNH_F_DEAD) != 0;
        var attributes = new NetlinkAttributes(body[sizeof(rtmsg)..]);
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case RTA_DST when attributes.Value.Length is 4 or 16:
                    destination = new IpAddress(attributes.Value);
                    break;
                case RTA_MULTIPATH:
                    several = true;
                    AddHops(routes, attributes.Value, new ListedRoute(destination, header.rtm_dst_len, default, 0, route.Type, dead));
                    break;
            }
        }

        if (!several)
        {
            routes.Add(new ListedRoute(destination, header.rtm_dst_len, route.Gateway, route.InterfaceIndex, route.Type, dead));
        }
    }

    // RTA_DST stands before RTA_MULTIPATH in every answer (fib_dump_info, rt6_fill_node).
    private static void AddHops(List<ListedRoute> routes, ReadOnlySpan<byte> hops, ListedRoute common)
    {
        while (hops.Length >= sizeof(rtnexthop))
        {
            var hop = MemoryMarshal.Read<rtnexthop>(hops);
            if (hop.rtnh_len < sizeof(rtnexthop) || hop.rtnh_len > hops.Length)
            {
                return;
            }

            var gateway = Routes.GatewayOf(hops[sizeof(rtnexthop)..hop.rtnh_len]);
            routes.Add(common
                with { Gateway = gateway, InterfaceIndex = hop.rtnh_ifindex, Dead = common.Dead || (hop.rtnh_flags & RTNH_F_DEAD) != 0 });
            hops = hops[Math.Min(NetlinkSocket.Align(hop.rtnh_len), hops.Length)..];
        }
    }
}
