using Probe.Core.Linux.Netlink;
using Probe.Core.Linux.Sockets;
using Probe.Core.Linux;
using Probe.Core.Packets;

namespace Probe.Core.Host;

/// <summary>What the kernel learned about the way to one destination.</summary>
/// <param name="Destination">The destination.</param>
/// <param name="Mtu">Path MTU, octets; 0 where only a redirect was learned.</param>
/// <param name="MtuLocked">Packets go out without DF, and are fragmented to the MTU.</param>
/// <param name="Gateway">Next hop; no address for an on-link one.</param>
/// <param name="ExpiresSeconds">Seconds until it is forgotten; 0 when it does not expire.</param>
public readonly record struct LearnedRoute(IpAddress Destination, int Mtu, bool MtuLocked, IpAddress Gateway, long ExpiresSeconds)
{
    /// <summary>The same knowledge, whenever it expires.</summary>
    internal LearnedRoute Timeless => this with { ExpiresSeconds = 0 };
}

/// <summary>
/// What this host's route cache learned, read at one moment in the calling thread's network namespace. The kernel's sockets learn path MTUs
/// and redirects from what comes back; two moments tell what a run left behind.
/// </summary>
public sealed class LearnedRoutes
{
    private readonly List<LearnedRoute> _all = [];

    private LearnedRoutes()
    {
    }

    /// <summary>Reads them. A kernel without IPv6 has those of IPv4.</summary>
    /// <exception cref="LinuxException">The kernel refuses to list them.</exception>
    public static LearnedRoutes Read()
    {
        var read = new LearnedRoutes();
        foreach (var route in Routes.Learned())
        {
            read._all.Add(new LearnedRoute(route.Destination, route.Mtu, route.MtuLocked, route.Gateway, route.ExpiresSeconds));
        }

        return read;
    }

    /// <summary>
    /// What is here and was not before, about these destinations. One that was learned again, to the same effect, is not new.
    /// </summary>
    public IReadOnlyList<LearnedRoute> Since(LearnedRoutes before, IEnumerable<IpAddress> destinations)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(destinations);
        // As on most hosts.
        if (_all.Count == 0)
        {
            return [];
        }

        var known = before._all.Select(route => route.Timeless).ToHashSet();
        var asked = destinations.ToHashSet();
        return _all.FindAll(route => asked.Contains(route.Destination) && !known.Contains(route.Timeless));
    }
}
