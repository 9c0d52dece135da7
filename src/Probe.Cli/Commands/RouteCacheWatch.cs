using System.Globalization;
using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Core.Probing;

namespace Probe.Cli.Commands;

/// <summary>What the kernel learned about routes while this host's own sockets probed: named, never removed. Begins to watch when made.</summary>
internal sealed class RouteCacheWatch
{
    private const int MostNamed = 5;

    private readonly LearnedRoutes _before = LearnedRoutes.Read();

    /// <summary>What was learned about these destinations since; null for nothing.</summary>
    public Gap? Conclude(IReadOnlySet<IpAddress> destinations) => Describe(LearnedRoutes.Read().Since(_before, destinations));

    internal static Gap? Describe(IReadOnlyList<LearnedRoute> learned)
    {
        if (learned.Count == 0)
        {
            return null;
        }

        var named = string.Join(", ", learned.Take(MostNamed).Select(Describe));
        var more = learned.Count > MostNamed ? $" and {learned.Count - MostNamed} more" : "";
        return new Gap("route cache", $"the kernel learned from answers to these sockets: {named}{more}");
    }

    private static string Describe(LearnedRoute route) => string.Create(CultureInfo.InvariantCulture,
        $"{(route.Mtu > 0 ? $"path MTU {route.Mtu}{(route.MtuLocked ? " (locked)" : "")}" : $"gateway {route.Gateway}")} to {route.Destination}, which expires in {route.ExpiresSeconds} s");
}
