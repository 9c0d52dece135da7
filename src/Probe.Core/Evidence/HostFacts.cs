namespace Probe.Core.Evidence;

/// <summary>Facts about the measuring host that the rules use.</summary>
public sealed record HostFacts
{
    /// <summary>Host name.</summary>
    public string? Name { get; init; }

    /// <summary>Kernel release.</summary>
    public string? Kernel { get; init; }

    /// <summary>Boot id: counters of two boots are never compared.</summary>
    public string? BootId { get; init; }

    /// <summary>Inode number of the network namespace measured in.</summary>
    public long? NetworkNamespace { get; init; }

    /// <summary>Effective capabilities, by name.</summary>
    public IReadOnlyList<string>? Capabilities { get; init; }

    /// <summary>Interfaces, by name.</summary>
    public IReadOnlyList<InterfaceEvidence>? Interfaces { get; init; }

    /// <summary>Path MTUs that the kernel has learned.</summary>
    public IReadOnlyList<LearnedPathMtu>? PathMtuExceptions { get; init; }
}

/// <summary>An interface of this host.</summary>
public sealed record InterfaceEvidence
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Largest IP packet, octets.</summary>
    public required int Mtu { get; init; }

    /// <summary>It is up.</summary>
    public bool Up { get; init; }

    /// <summary>
    /// What the driver or the kernel merges and splits for it, by the kernel's names: <c>rx-gro</c>, <c>tx-tcp-segmentation</c>,
    /// <c>tx-udp_tnl-segmentation</c>.
    /// </summary>
    public IReadOnlyDictionary<string, bool> Offloads { get; init; } = new Dictionary<string, bool>(StringComparer.Ordinal);
}
