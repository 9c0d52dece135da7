using System.Collections.Immutable;

namespace Probe.Core.Packets;

/// <summary>What an ICMP error carried beside its quote (RFC 4884).</summary>
public sealed record IcmpExtensions
{
    /// <summary>No extensions.</summary>
    public static IcmpExtensions None { get; } = new();

    /// <summary>MPLS label stack entries in order, top first (RFC 4950).</summary>
    public ImmutableArray<MplsLabel> Mpls { get; init; } = [];

    /// <summary>Interface information objects (RFC 5837).</summary>
    public ImmutableArray<InterfaceInformation> Interfaces { get; init; } = [];
}

/// <summary>One MPLS label stack entry (RFC 3032).</summary>
/// <param name="Label">Label, 20 bits.</param>
/// <param name="TrafficClass">Traffic class, 3 bits.</param>
/// <param name="Bottom">Bottom of stack.</param>
/// <param name="Ttl">TTL.</param>
public readonly record struct MplsLabel(int Label, byte TrafficClass, bool Bottom, byte Ttl);

/// <summary>An interface a router told about (RFC 5837). Parts it did not send are null.</summary>
/// <param name="Role">0 incoming interface, 1 sub-IP component, 2 outgoing interface, 3 next hop.</param>
/// <param name="Index">ifIndex.</param>
/// <param name="Address">Address of the interface.</param>
/// <param name="Name">Name, up to 63 octets of UTF-8; a stranger's text.</param>
/// <param name="Mtu">MTU, octets.</param>
public sealed record InterfaceInformation(byte Role, uint? Index, IpAddress? Address, string? Name, uint? Mtu);
