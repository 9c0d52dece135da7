using Probe.Core.Packets;

namespace Probe.Core.Health;

/// <summary>How a <see cref="SocketEngine"/> sends.</summary>
public sealed record SocketEngineOptions
{
    /// <summary>Most checks in flight; what the limit of open files allows may be less.</summary>
    public int InFlight { get; init; } = 1000;

    /// <summary>Local address; none lets the route choose.</summary>
    public IpAddress Source { get; init; }

    /// <summary>Interface to send by; null for any.</summary>
    public string? Interface { get; init; }

    /// <summary>Mark for policy routing; 0 for none.</summary>
    public uint Mark { get; init; }

    /// <summary>TOS or traffic class octet: DSCP × 4.</summary>
    public byte TrafficClass { get; init; }

    /// <summary>
    /// Local ports to use, both included: a part of the host's range (net.ipv4.ip_local_port_range); what lies outside of that, or a kernel before 6.3,
    /// leaves the host's. Null for all of the host's.
    /// </summary>
    public (ushort First, ushort Last)? Ports { get; init; }
}
