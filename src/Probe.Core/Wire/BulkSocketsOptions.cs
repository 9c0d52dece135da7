using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;

namespace Probe.Core.Wire;

/// <summary>What a run of raw probing towards many targets needs open.</summary>
public sealed record BulkSocketsOptions : SendingOptions
{
    /// <param name="sending">What all packets of the run have in common.</param>
    public BulkSocketsOptions(SendingOptions sending)
        : base(sending)
    {
    }

    /// <summary>Some targets may be IPv4.</summary>
    public bool IPv4 { get; init; } = true;

    /// <summary>Some targets may be IPv6.</summary>
    public bool IPv6 { get; init; } = true;

    /// <summary>Transport of the probes.</summary>
    public required ProbeProtocol Protocol { get; init; }

    /// <summary>Destination port; unused for ICMP.</summary>
    public ushort DestinationPort { get; init; }

    /// <summary>The encapsulations around the probes, outermost first, as they were asked for; empty for none.</summary>
    public required EncapsulationStack Via { get; init; }

    /// <summary>Addresses among the targets that may be this host's own: behind a tunnel, a real server answers under them.</summary>
    public IEnumerable<IpAddress> Targets { get; init; } = [];

    /// <summary>How long an answer may take, nanoseconds.</summary>
    public required long TimeoutNs { get; init; }
}
