using Probe.Core.Packets;
using Probe.Core.Vocabulary;

namespace Probe.Core.Wire;

/// <summary>What a run of probing towards one target needs open.</summary>
public sealed record ProbeSocketsOptions
{
    /// <summary>The target.</summary>
    public required IpAddress Target { get; init; }

    /// <summary>Transport of the probes.</summary>
    public required ProbeProtocol Protocol { get; init; }

    /// <summary>Destination port; unused for ICMP.</summary>
    public ushort DestinationPort { get; init; }

    /// <summary>How many flows, each with a source port or ICMP checksum of its own.</summary>
    public int Flows { get; init; } = 1;

    /// <summary>The source address; the kernel's choice when it is no address.</summary>
    public IpAddress Source { get; init; }

    /// <summary>Send by this interface only.</summary>
    public string? Interface { get; init; }

    /// <summary>Firewall mark of the probes.</summary>
    public uint? Mark { get; init; }

    /// <summary>Echo requests are sent besides TCP or UDP (<see cref="ProbeSockets.EchoFlow"/>).</summary>
    public bool AlsoEcho { get; init; }

    /// <summary>Take sockets that need no privilege, though raw ones may be allowed.</summary>
    public bool Unprivileged { get; init; }

    /// <summary>How long an answer may take, nanoseconds.</summary>
    public long TimeoutNs { get; init; } = 1_000_000_000;

    /// <summary>
    /// Encapsulation of the probes; what is left open in it is filled in, see <see cref="ProbeSockets.Via"/>. Needs raw sockets.
    /// </summary>
    public EncapsulationStack Via { get; init; }
}
