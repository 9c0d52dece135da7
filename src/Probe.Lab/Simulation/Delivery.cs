namespace Probe.Lab.Simulation;

/// <summary>A packet that reaches the vantage host; its octets are valid until the network is asked again.</summary>
public readonly ref struct Delivery
{
    /// <summary>When it arrives.</summary>
    public long DueNs { get; init; }

    /// <summary>The whole IP packet.</summary>
    public ReadOnlySpan<byte> Octets { get; init; }

    /// <summary>Number of the packet in the journal.</summary>
    public long Packet { get; init; }

    /// <summary>Number of the packet that made it; 0 for noise.</summary>
    public long Cause { get; init; }
}
