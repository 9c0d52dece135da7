namespace Probe.Core.Evidence;

/// <summary>A path MTU that the kernel learned for one destination, beside what is configured.</summary>
public sealed record LearnedPathMtu
{
    /// <summary>The destination.</summary>
    public required string Destination { get; init; }

    /// <summary>MTU learned, octets.</summary>
    public required int LearnedMtu { get; init; }

    /// <summary>Seconds until it is forgotten; null when it does not expire.</summary>
    public long? ExpiresSeconds { get; init; }

    /// <summary>
    /// The kernel sends without DF and fragments to this size: somebody named an MTU below its least (net.ipv4.route.min_pmtu).
    /// </summary>
    public bool Locked { get; init; }

    /// <summary>The configured route it is an exception to, as <c>10.0.0.0/24</c> or <c>default</c>; null when unknown.</summary>
    public string? Route { get; init; }

    /// <summary>Metric of that route; null when it has none.</summary>
    public long? Metric { get; init; }

    /// <summary>Next hop; null when on-link.</summary>
    public string? Gateway { get; init; }

    /// <summary>Interface.</summary>
    public string? Interface { get; init; }

    /// <summary>MTU of the configured route, octets; null when it has none of its own.</summary>
    public int? ConfiguredMtu { get; init; }

    /// <summary>MTU of the interface, octets.</summary>
    public int? DeviceMtu { get; init; }
}
