using System.Collections.Immutable;
using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>
/// The far end of tunnels at a node: what it takes off, and which addresses it answers for. What comes out of a tunnel is handled as if it
/// had arrived by the same link: a host answers from its virtual address straight to the sender (direct server return), a router passes it
/// on.
/// </summary>
/// <remarks>
/// As Linux: an encapsulation that the end knows but cannot read (unknown GUE flag, control bit, short header, wrong version, other key or
/// VNI) is dropped without a word; a protocol it does not know draws ICMP 3/2, a UDP port it does not know 3/3, about the outer packet.
/// </remarks>
public sealed record TunnelEndSpec
{
    /// <summary>
    /// The encapsulations it takes off, one layer each; <see cref="Encapsulation.Remote"/> is the address it takes them at. Several may
    /// share a port.
    /// </summary>
    public ImmutableArray<Encapsulation> Accepts { get; init; } = [];

    /// <summary>Addresses that are its own for what comes out of a tunnel, and that nobody is told of: the VIPs of a real server.</summary>
    public ImmutableArray<IpAddress> Addresses { get; init; } = [];
}
