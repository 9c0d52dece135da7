using Probe.Core.Packets;

namespace Probe.Core.Probing;

/// <summary>
/// What all packets of a run have in common. Every record that opens sockets is made from one, whole, so that a new option reaches all.
/// </summary>
public record SendingOptions
{
    /// <summary>Source address; none lets the route to each target choose.</summary>
    public IpAddress Source { get; init; }

    /// <summary>Interface to send by; null lets the routes decide.</summary>
    public string? Interface { get; init; }

    /// <summary>Firewall mark, for policy routing; null sets none.</summary>
    public uint? Mark { get; init; }

    /// <summary>Differentiated services code point, 0 to 63 (RFC 2474).</summary>
    public byte Dscp { get; init; }

    /// <summary>TOS or traffic class octet: the code point, without ECN.</summary>
    public byte TrafficClass => (byte)(Dscp << 2);
}
