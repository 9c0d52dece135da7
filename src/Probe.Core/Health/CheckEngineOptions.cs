using Probe.Core.Packets;

namespace Probe.Core.Health;

/// <summary>What every engine is told about how it sends.</summary>
public record CheckEngineOptions
{
    /// <summary>Most checks in flight; what the limit of open files allows may be less.</summary>
    public int InFlight { get; init; } = 1000;

    /// <summary>Local address; none lets the route to each target choose.</summary>
    public IpAddress Source { get; init; }

    /// <summary>Interface to send by; null for any.</summary>
    public string? Interface { get; init; }

    /// <summary>Mark for policy routing; 0 for none.</summary>
    public uint Mark { get; init; }

    /// <summary>TOS or traffic class octet: DSCP × 4.</summary>
    public byte TrafficClass { get; init; }
}
