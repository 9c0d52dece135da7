using System.Globalization;
using Probe.Core.Evidence;
using Probe.Core.Host;
using Probe.Core.Wire;

namespace Probe.Cli.Frame;

/// <summary>
/// What a run says about the host's route cache, in one place: what its probes taught the kernel, and whether that was removed again.
/// </summary>
internal static class RouteCacheGaps
{
    private const int MostNamed = 5;
    private const string What = "route cache";

    /// <summary>What probes of one target left there, if anything; it is removed where that is allowed.</summary>
    public static Gap? Of(ProbeSockets sockets) => sockets.CleanRouteCache(out var now) switch
    {
        RouteCacheOutcome.Removed => new Gap(What, "the kernel learned a path MTU from our ICMPv6 echo; it was removed again"),
        RouteCacheOutcome.StaysUntilExpiry when sockets.LearnsByConnecting => new Gap(What,
            $"the kernel learned path MTU {now.Mtu}{Locked(now.MtuLocked)} from an answer to our TCP connects; it expires in "
                + $"{now.ExpiresSeconds} s"),
        RouteCacheOutcome.StaysUntilExpiry => new Gap(What,
            $"the kernel learned path MTU {now.Mtu} from our ICMPv6 echo; removing it needs CAP_NET_ADMIN, it expires in "
                + $"{now.ExpiresSeconds} s"),
        RouteCacheOutcome.Unknown => new Gap(What, $"what the kernel learned from our probes was not looked up: {sockets.NotCleaned}"),
        _ => null,
    };

    /// <summary>What probes of many targets left there.</summary>
    /// <param name="outcomes">How many targets had each outcome.</param>
    public static IEnumerable<Gap> Of(IReadOnlyDictionary<RouteCacheOutcome, int> outcomes)
    {
        if (outcomes.TryGetValue(RouteCacheOutcome.Removed, out var removed))
        {
            yield return new Gap(What, $"the kernel learned path MTUs to {removed} hosts from our ICMPv6 echo; they were removed again");
        }

        if (outcomes.TryGetValue(RouteCacheOutcome.StaysUntilExpiry, out var left))
        {
            yield return new Gap(What,
                $"the kernel learned path MTUs to {left} hosts from our ICMPv6 echo; removing them needs CAP_NET_ADMIN, they expire in 10 "
                    + "minutes");
        }

        if (outcomes.TryGetValue(RouteCacheOutcome.Unknown, out var unknown))
        {
            yield return new Gap(What,
                $"what the kernel learned of {unknown} hosts from our ICMPv6 echo could not be looked up: the routes to them were gone");
        }
    }

    /// <summary>What was learned from answers to this host's own sockets, which is named and never removed; null for nothing.</summary>
    public static Gap? Of(IReadOnlyList<LearnedRoute> learned)
    {
        if (learned.Count == 0)
        {
            return null;
        }

        var named = string.Join(", ", learned.Take(MostNamed).Select(Describe));
        var more = learned.Count > MostNamed ? $" and {learned.Count - MostNamed} more" : "";
        return new Gap(What, $"the kernel learned from answers to these sockets: {named}{more}");
    }

    /// <summary>It could not be listed.</summary>
    public static Gap NotCompared(string? why) => new(What, $"not compared: {why}");

    private static string Describe(LearnedRoute route) => string.Create(CultureInfo.InvariantCulture,
        $"{(route.Mtu > 0 ? $"path MTU {route.Mtu}{Locked(route.MtuLocked)}" : $"gateway {route.Gateway}")} to "
            + $"{route.Destination}, which expires in {route.ExpiresSeconds} s");

    private static string Locked(bool locked) => locked ? " (locked)" : "";
}
