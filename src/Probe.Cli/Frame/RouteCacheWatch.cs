using System.Globalization;
using Probe.Core.Evidence;
using Probe.Core.Host;
using Probe.Core.Linux;
using Probe.Core.Packets;

namespace Probe.Cli.Frame;

/// <summary>
/// What the kernel learned about routes while this host's own sockets probed: named, never removed. Begins to watch when made.
/// </summary>
internal sealed class RouteCacheWatch
{
    private const int MostNamed = 5;
    /// <summary>What a gap about it is called.</summary>
    public const string What = "route cache";

    private readonly Func<LearnedRoutes> _read;
    private readonly LearnedRoutes? _before;
    private string? _unread;

    public RouteCacheWatch()
        : this(LearnedRoutes.Read)
    {
    }

    internal RouteCacheWatch(Func<LearnedRoutes> read)
    {
        _read = read;
        _before = TryRead();
    }

    /// <summary>What was learned about these destinations since, or why nobody knows; null for nothing.</summary>
    public Gap? Conclude(IReadOnlySet<IpAddress> destinations) =>
        _before is { } before && TryRead() is { } now
            ? Describe(now.Since(before, destinations)) : new Gap(What, $"not compared: {_unread}");

    /// <summary>A cache that cannot be listed, as one that changes all the time, costs this remark and not the run.</summary>
    private LearnedRoutes? TryRead()
    {
        try
        {
            return _read();
        }
        catch (LinuxException e)
        {
            _unread = e.Message;
            return null;
        }
    }

    internal static Gap? Describe(IReadOnlyList<LearnedRoute> learned)
    {
        if (learned.Count == 0)
        {
            return null;
        }

        var named = string.Join(", ", learned.Take(MostNamed).Select(Describe));
        var more = learned.Count > MostNamed ? $" and {learned.Count - MostNamed} more" : "";
        return new Gap(What, $"the kernel learned from answers to these sockets: {named}{more}");
    }

    private static string Describe(LearnedRoute route) => string.Create(CultureInfo.InvariantCulture,
        $"{(route.Mtu > 0 ? $"path MTU {route.Mtu}{(route.MtuLocked ? " (locked)" : "")}" : $"gateway {route.Gateway}")} to "
            + $"{route.Destination}, which expires in {route.ExpiresSeconds} s");
}
