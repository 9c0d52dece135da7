using System.Collections.Immutable;
using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>
/// Address translation of a node. Its mappings begin with the first packet of a flow and stay; packets of the way back are translated back.
/// </summary>
public sealed record NatSpec
{
    /// <summary>Source translation: packets from these addresses leave with another source.</summary>
    public ImmutableArray<NatRule> Sources { get; init; } = [];

    /// <summary>Destination translation: packets to these addresses go elsewhere.</summary>
    public ImmutableArray<NatRule> Destinations { get; init; } = [];

    /// <summary>What becomes of the quote of an error on its way back.</summary>
    public NatErrors Errors { get; init; }

    /// <summary>Errors from behind a destination translation come from the address that was asked for, as Linux makes them.</summary>
    public bool HidesErrorSource { get; init; }
}

/// <summary>One translation.</summary>
/// <param name="Match">Addresses it takes.</param>
/// <param name="To">The address put in their place.</param>
/// <param name="Port">Source translation: the first port handed out, in order of appearance; destination translation: the new port. 0 keeps
/// the port; for echoes this means the identifier.</param>
public sealed record NatRule(IpPrefix Match, IpAddress To, ushort Port = 0);

/// <summary>What a NAT does to the packet that an ICMP error quotes.</summary>
public enum NatErrors
{
    /// <summary>Addresses, ports and checksums are those of the sender again.</summary>
    Translated,

    /// <summary>Addresses and ports are translated back, the quoted transport checksum is not.</summary>
    ChecksumLeft,

    /// <summary>The quote is passed on as it is: only the error's own destination is translated.</summary>
    Left,

    /// <summary>Errors are dropped.</summary>
    Dropped,
}
