using Probe.Core.Linux;
using Probe.Core.Linux.Netlink;
using Probe.Core.Linux.Sockets;
using Probe.Core.Packets;
using Probe.Core.Probing;
using static Probe.Core.Linux.NetlinkConstants;

namespace Probe.Core.Health;

/// <summary>The host as rtnetlink tells it: routes, neighbours, links, addresses. Sends nothing.</summary>
/// <param name="sending">What the checks have in common: their routes are looked up with it.</param>
internal sealed class HostView(SendingOptions sending) : IHostView, IDisposable
{
    private readonly NetlinkSocket _netlink = new();
    private readonly Dictionary<IpAddress, WayOut> _ways = [];
    private readonly Dictionary<bool, IReadOnlyList<ListedRoute>> _routes = [];
    private Dictionary<(IpAddress Address, int Interface), Neighbour>? _neighbours;
    private Dictionary<int, Link>? _links;

    /// <inheritdoc/>
    public bool IsSourceMissing => !sending.Source.IsNone && !IsOwn(sending.Source);

    /// <inheritdoc/>
    public void Refresh()
    {
        _ways.Clear();
        _routes.Clear();
        (_neighbours, _links) = (null, null);
    }

    /// <inheritdoc/>
    public WayOut WayTo(IpAddress target)
    {
        if (!_ways.TryGetValue(target, out var way))
        {
            _ways.Add(target, way = ReadWay(target));
        }

        return way;
    }

    /// <inheritdoc/>
    public bool TryAsk(in WayOut way) => Neighbours.TryProbe(_netlink, way.Gateway, way.InterfaceIndex);

    /// <inheritdoc/>
    public bool IsOwn(IpAddress address) =>
        !address.IsNone && Routes.TryGet(_netlink, address, out var route) == 0 && route.Type == RTN_LOCAL;

    /// <inheritdoc/>
    public bool IsDefaultGateway(IpAddress address) =>
        RoutesOf(v6: false).Concat(RoutesOf(v6: true)).Any(route => route.PrefixLength == 0 && route.Gateway == address);

    /// <inheritdoc/>
    public bool HasOffHostRoute(bool v6) => RoutesOf(v6).Any(route => route is { Type: RTN_UNICAST, Dead: false } && LeadsOff(route));

    /// <inheritdoc/>
    public bool IsLinkDownTowards(IpAddress target)
    {
        if (sending.Interface is not null)
        {
            return NamedLink is not { IsUp: true };
        }

        return InterfaceAddresses.Read().Any(address =>
            (address.Covers(target) || address.Address == sending.Source) && LinksByIndex.TryGetValue(address.InterfaceIndex, out var link)
                && !link.IsUp);
    }

    /// <inheritdoc/>
    public void Dispose() => _netlink.Dispose();

    private Dictionary<int, Link> LinksByIndex => _links ??= Links.Read().ToDictionary(link => link.Index);

    private Link? NamedLink =>
        sending.Interface is null
        ? null : LinksByIndex.Values.FirstOrDefault(link => string.Equals(link.Name, sending.Interface, StringComparison.Ordinal));

    private WayOut ReadWay(IpAddress target)
    {
        if (Routes.TryGet(_netlink, target, out var route, sending.Source, NamedLink?.Index ?? 0, sending.Mark ?? 0) != 0)
        {
            return new WayOut { Exists = false };
        }

        return route.Type switch
        {
            RTN_LOCAL => new WayOut { Exists = true, IsOwn = true },
            RTN_UNICAST =>
                WithNextHop(new WayOut { Exists = true, Gateway = route.Gateway, InterfaceIndex = route.InterfaceIndex }, target),
            _ => new WayOut { Exists = false },
        };
    }

    private WayOut WithNextHop(in WayOut way, IpAddress target)
    {
        _neighbours ??= Neighbours.Read().ToDictionary(neighbour => (neighbour.Address, neighbour.InterfaceIndex));
        var nextHop = way.Gateway.IsNone ? target : way.Gateway;
        if (!_neighbours.TryGetValue((nextHop, way.InterfaceIndex), out var neighbour)
            || (neighbour.State & (NUD_PERMANENT | NUD_NOARP)) != 0)
        {
            return way;
        }

        return way with
        {
            NextHop = (neighbour.State & NUD_FAILED) != 0 ? NextHopState.Silent
                : (neighbour.State & (NUD_INCOMPLETE | NUD_PROBE)) != 0 ? NextHopState.Asking
                : NextHopState.Known,
            ConfirmedAgoNs = neighbour.ConfirmedAgoNs,
        };
    }

    private IReadOnlyList<ListedRoute> RoutesOf(bool v6)
    {
        if (!_routes.TryGetValue(v6, out var routes))
        {
            _routes.Add(v6, routes = RouteList.Read(v6));
        }

        return routes;
    }

    // Every interface has fe80::/64 and ff00::/8; they reach no target that was given by address or name.
    private bool LeadsOff(ListedRoute route) =>
        LinksByIndex.TryGetValue(route.InterfaceIndex, out var link)
            && link is { IsUp: true, HardwareType: not DeviceConstants.ARPHRD_LOOPBACK }
        && !route.Destination.IsLinkLocalV6 && !(route.Destination.IsV6 && route.Destination.High >> 56 == 0xff);
}
