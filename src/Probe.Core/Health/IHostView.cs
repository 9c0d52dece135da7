using Probe.Core.Packets;

namespace Probe.Core.Health;

/// <summary>How a next hop answers ARP or neighbour discovery.</summary>
internal enum NextHopState
{
    /// <summary>Nothing speaks against it: it has answered at some time, or need not.</summary>
    Known,

    /// <summary>The kernel asks and has no answer yet.</summary>
    Asking,

    /// <summary>The kernel has given up.</summary>
    Silent,
}

/// <summary>The way out of this host to one target, as it is now.</summary>
internal readonly record struct WayOut
{
    /// <summary>There is a route.</summary>
    public required bool Exists { get; init; }

    /// <summary>The target is this host itself.</summary>
    public bool IsOwn { get; init; }

    /// <summary>Next hop; no address when the target is on the link itself.</summary>
    public IpAddress Gateway { get; init; }

    /// <summary>Index of the interface.</summary>
    public int InterfaceIndex { get; init; }

    /// <summary>State of the next hop, gateway or target.</summary>
    public NextHopState NextHop { get; init; }

    /// <summary>Nanoseconds since the next hop was last known to answer; 0 for one that is never asked.</summary>
    public long ConfirmedAgoNs { get; init; }
}

/// <summary>What a judge asks about the host that checks. Answers may be remembered until <see cref="Refresh"/>.</summary>
internal interface IHostView
{
    /// <summary>Forgets what was read.</summary>
    void Refresh();

    /// <summary>The way to a target.</summary>
    WayOut WayTo(IpAddress target);

    /// <summary>
    /// Makes the kernel ask the gateway on this way whether it is there: an entry of the neighbour table stays valid for up to a minute
    /// after its neighbour has died.
    /// </summary>
    /// <returns>False where that is not permitted.</returns>
    bool TryAsk(in WayOut way);

    /// <summary>The address is one of this host's.</summary>
    bool IsOwn(IpAddress address);

    /// <summary>A default route leads through this address.</summary>
    bool IsDefaultGateway(IpAddress address);

    /// <summary>Some route of the family leads off this host through an interface that is up.</summary>
    bool HasOffHostRoute(bool v6);

    /// <summary>
    /// The interface by which the target would be reached is down: the one the user named, or one that holds the target's prefix.
    /// </summary>
    bool IsLinkDownTowards(IpAddress target);

    /// <summary>The user named a source address that this host does not have.</summary>
    bool IsSourceMissing { get; }
}
