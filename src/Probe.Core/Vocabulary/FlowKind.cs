namespace Probe.Core.Vocabulary;

/// <summary>What tells a flow from the others of its trace, for the routers whose hops are swept.</summary>
public enum FlowKind
{
    /// <summary>Ports of UDP or TCP.</summary>
    Ports,

    /// <summary>The constant checksum of its echo requests.</summary>
    IcmpChecksum,

    /// <summary>The flow label of the outermost tunnel's IPv6 header, which has no ports, or the same for all.</summary>
    FlowLabel,

    /// <summary>The source port of the outermost tunnel's UDP header.</summary>
    OuterPort,
}
