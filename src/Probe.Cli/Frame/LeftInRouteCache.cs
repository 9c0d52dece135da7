using Probe.Core.Evidence;
using Probe.Core.Host;
using Probe.Core.Wire;

namespace Probe.Cli.Frame;

/// <summary>
/// What probes of raw sockets, and the connects that stand in for them, left in the host's route cache: removed where that is allowed, else
/// named.
/// </summary>
internal static class LeftInRouteCache
{
    /// <summary>What the run left in the host's route cache, if anything; it is removed where that is allowed.</summary>
    public static Gap? Of(ProbeSockets sockets) => sockets.CleanRouteCache(out var now) switch
    {
        RouteCacheOutcome.Removed =>
            new Gap(RouteCacheWatch.What, "the kernel learned a path MTU from our ICMPv6 echo; it was removed again"),
        RouteCacheOutcome.StaysUntilExpiry when sockets.LearnsByConnecting => new Gap(RouteCacheWatch.What,
            $"the kernel learned path MTU {now.Mtu}{(now.MtuLocked ? " (locked)" : "")} from an answer to our TCP connects; it expires in "
                + $"{now.ExpiresSeconds} s"),
        RouteCacheOutcome.StaysUntilExpiry => new Gap(RouteCacheWatch.What,
            $"the kernel learned path MTU {now.Mtu} from our ICMPv6 echo; removing it needs CAP_NET_ADMIN, it expires in "
                + $"{now.ExpiresSeconds} s"),
        RouteCacheOutcome.Unknown =>
            new Gap(RouteCacheWatch.What, $"what the kernel learned from our probes was not looked up: {sockets.NotCleaned}"),
        _ => null,
    };
}
