using Probe.Cli.Names;
using Probe.Cli.Parsing;
using Probe.Core.Linux;
using Probe.Core.Packets;
using Probe.Core.Tracing;
using Probe.Core.Wire;
using Probe.Core.Vocabulary;

namespace Probe.Cli.Trace;

/// <summary>Resolves a list of hosts and finds the source address for each, in the background and a little ahead of the probes.</summary>
internal sealed class TargetFeeder : IDisposable
{
    private readonly IReadOnlyList<TargetName> _hosts;
    private readonly Family _family;
    private readonly BulkSockets _sockets;
    private readonly Action<int, IpAddress, NotProbedReason, string> _failed;
    private readonly WorkAhead<BulkTarget> _targets;

    /// <summary>Begins.</summary>
    /// <param name="hosts">The list.</param>
    /// <param name="family">Which IP version a name may resolve to.</param>
    /// <param name="sockets">The sockets; its wire is woken when a target comes after none was there.</param>
    /// <param name="failed">Takes a host that cannot be probed: index, address if known, reason, message. Called on any thread.</param>
    public TargetFeeder(IReadOnlyList<TargetName> hosts, Family family, BulkSockets sockets,
        Action<int, IpAddress, NotProbedReason, string> failed)
    {
        (_hosts, _family, _sockets, _failed) = (hosts, family, sockets, failed);

        // Addresses need no waiting: they keep their order.
        _targets = new WorkAhead<BulkTarget>(hosts.Count, inOrder: !hosts.Any(host => host.IsName), TryFind, sockets.Wire.Wake);
    }

    /// <summary>The next target that is ready, without waiting.</summary>
    public FeedStatus TryTake(out BulkTarget target) =>
        _targets.TryTake(out target) ? FeedStatus.Ready : _targets.IsOver ? FeedStatus.Ended : FeedStatus.Waiting;

    /// <inheritdoc/>
    public void Dispose() => _targets.Dispose();

    private bool TryFind(int index, CancellationToken stop, out BulkTarget target)
    {
        IpAddress address = default;
        target = default;
        try
        {
            address = TargetResolver.Resolve(_hosts[index], _family, stop);
            var (source, via) = _sockets.WayTo(address);
            target = new BulkTarget(index, address, source, _sockets.FlowTo(address), via);
            return true;
        }
        catch (NotResolvedException e)
        {
            _failed(index, address, e.NoResolver ? NotProbedReason.Resolver : NotProbedReason.Name, e.Message);
        }
        catch (LinuxException e)
        {
            _failed(index, address, NotProbedReason.NoRoute, e.Message);
        }

        return false;
    }
}
