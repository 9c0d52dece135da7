using Probe.Core.Packets;

namespace Probe.Core.Host;

/// <summary>How IPVS gets a packet to a real server.</summary>
public enum IpvsForwarding
{
    /// <summary>In a tunnel (-i): the server answers from the service's address.</summary>
    Tunnel,

    /// <summary>As it is, to the server's MAC address (-g): the server answers from the service's address.</summary>
    Direct,

    /// <summary>With the server's own address and port written into it (-m); answers come back through the director.</summary>
    Masquerade,
}

/// <summary>One real server of a service.</summary>
public sealed record IpvsReal
{
    /// <summary>Its own address.</summary>
    public required IpAddress Address { get; init; }

    /// <summary>Its port; the service's, unless the forwarding rewrites it.</summary>
    public required ushort Port { get; init; }

    /// <summary>How packets get there.</summary>
    public required IpvsForwarding Forwarding { get; init; }

    /// <summary>Weight; 0 takes no new connections.</summary>
    public int Weight { get; init; } = 1;

    /// <summary>The tunnel to it; null unless it is forwarded so.</summary>
    public Encapsulation? Tunnel { get; init; }
}

/// <summary>One virtual service and who serves it.</summary>
public sealed record IpvsService
{
    /// <summary>The address that clients know.</summary>
    public required IpAddress Address { get; init; }

    /// <summary>Port; 0 for all of a persistent service.</summary>
    public required ushort Port { get; init; }

    /// <summary><see cref="IpProtocol.Tcp"/> or <see cref="IpProtocol.Udp"/>.</summary>
    public required byte Protocol { get; init; }

    /// <summary>The servers, in the order of the file.</summary>
    public required IReadOnlyList<IpvsReal> Reals { get; init; }
}

/// <summary>The virtual services of a director, as <c>ipvsadm -Sn</c> saves them.</summary>
/// <param name="Services">Those of TCP and UDP, in the order of the file.</param>
/// <param name="Skipped">What is not among them and why, one sentence each.</param>
public sealed partial record IpvsTable(IReadOnlyList<IpvsService> Services, IReadOnlyList<string> Skipped);
