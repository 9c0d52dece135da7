using Probe.Core.Host;
using Probe.Core.Linux.Netlink;
using Probe.Core.Linux;
using Probe.Core.Packets;

namespace Probe.Core.Wire;

/// <summary>Encapsulations with everything in them that this host's routes and neighbours say: sources, MAC addresses.</summary>
/// <param name="Stack">The encapsulations, every one with its source.</param>
/// <param name="Source">Source of the probe inside.</param>
/// <param name="TargetIsLocal">The target is an address of this host too, which its answers then come from.</param>
internal readonly record struct TunnelRoute(EncapsulationStack Stack, IpAddress Source, bool TargetIsLocal)
{
    /// <summary>Fills in what was left open.</summary>
    /// <param name="via">The encapsulations as they were asked for; not empty.</param>
    /// <param name="target">The target of the probe inside.</param>
    /// <param name="source">Source of the probe inside; no address: the one this host would use towards the target, or towards the
    /// tunnel.</param>
    /// <param name="networkInterface">As <c>--interface</c>: of the outer packet.</param>
    /// <param name="mark">As <c>--mark</c>.</param>
    /// <exception cref="LinuxException">No route to the tunnel's end, no source of the right family, no MAC.</exception>
    public static TunnelRoute Make(EncapsulationStack via, IpAddress target, IpAddress source, string? networkInterface, uint? mark)
    {
        var layers = via.Layers.ToArray();
        for (var i = 0; i < layers.Length; i++)
        {
            // What is inside another tunnel takes no route of this host; the outer source is as good as any.
            var fallback = i == 0 ? default : layers[0].Source;
            if (layers[i].Source.IsNone)
            {
                layers[i] = layers[i] with { Source = SourceTowards(layers[i].Remote, fallback, networkInterface, mark) };
            }

            if (layers[i] is EthernetEncapsulation { Mac: null } frame)
            {
                layers[i] = frame with { Mac = MacOf(i + 1 < layers.Length ? layers[i + 1].Remote : target, frame) };
            }
        }

        var isLocal = HostRoutes.IsOwn(target);
        var inner = source;
        if (inner.IsNone)
        {
            var own = isLocal ? default : OwnSource(target, networkInterface, mark);
            inner = own.IsNone ? Outer(layers[0].Source, target, isLocal) : own;
        }

        return new TunnelRoute(new EncapsulationStack([.. layers]), inner, isLocal);
    }

    private static IpAddress SourceTowards(IpAddress remote, IpAddress fallback, string? networkInterface, uint? mark)
    {
        try
        {
            return HostRoutes.SelectSource(remote, networkInterface, mark);
        }
        catch (LinuxException) when (fallback.Length == remote.Length)
        {
            return fallback;
        }
    }

    private static IpAddress Outer(IpAddress outer, IpAddress target, bool isLocal) => outer.Length == target.Length
        ? outer
        : throw new LinuxException(
            Errno.EADDRNOTAVAIL, $"choose a source for packets to {target}",
            isLocal ? "it is this host's own address: give --source" : "this host has no route to it: give --source");

    /// <summary>What this host would use towards the target; no address where it has no route or no address of that family.</summary>
    private static IpAddress OwnSource(IpAddress target, string? networkInterface, uint? mark)
    {
        try
        {
            return HostRoutes.SelectSource(target, networkInterface, mark);
        }
        catch (LinuxException e) when (e.Errno is Errno.ENETUNREACH or Errno.EHOSTUNREACH or Errno.EADDRNOTAVAIL or Errno.EINVAL
            or Errno.EACCES)
        {
            return default;
        }
    }

    private static ulong MacOf(IpAddress inside, EthernetEncapsulation layer)
    {
        foreach (var neighbour in Neighbours.Read())
        {
            if (neighbour.Address == inside && neighbour.Mac is { } mac)
            {
                return mac;
            }
        }

        throw new LinuxException(
            Errno.EDESTADDRREQ, $"address a frame in {EncapsulationText.Of(layer)}",
            $"no neighbour entry names the MAC of {inside}: add mac=, as in mac=02:00:5e:00:53:01");
    }
}
