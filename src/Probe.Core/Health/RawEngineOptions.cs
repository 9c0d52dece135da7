using Probe.Core.Packets;

namespace Probe.Core.Health;

/// <summary>How a <see cref="RawEngine"/> sends.</summary>
public sealed record RawEngineOptions
{
    /// <summary>Most checks in flight.</summary>
    public int InFlight { get; init; } = 1000;

    /// <summary>Local address; none lets the route to each target choose.</summary>
    public IpAddress Source { get; init; }

    /// <summary>Interface to send by; null for any.</summary>
    public string? Interface { get; init; }

    /// <summary>Mark for policy routing; 0 for none.</summary>
    public uint Mark { get; init; }

    /// <summary>TOS or traffic class octet: DSCP × 4.</summary>
    public byte TrafficClass { get; init; }

    /// <summary>
    /// The targets behind tunnels (<see cref="CheckTarget.Via"/>): sockets are opened and ports held for them, and their answers are read even where
    /// their addresses are this host's own.
    /// </summary>
    public IReadOnlyCollection<CheckTarget> Tunnelled { get; init; } = [];

    /// <summary>Some targets are straight ahead; without, no ports are held for them.</summary>
    public bool Plain { get; init; } = true;

    /// <summary>
    /// The kernel tells when each SYN left. Without, a round trip is counted from this process's own reading of the clock, good to the length
    /// of one call that sends up to 64 SYNs (some 0.5 ms), and a check takes a fifth less CPU.
    /// </summary>
    public bool TransmitStamps { get; init; } = true;
}
