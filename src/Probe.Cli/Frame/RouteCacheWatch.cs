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
    public Gap? Conclude(IEnumerable<IpAddress> destinations) =>
        _before is { } before && TryRead() is { } now
            ? RouteCacheGaps.Of(now.Since(before, destinations)) : RouteCacheGaps.NotCompared(_unread);

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
}
