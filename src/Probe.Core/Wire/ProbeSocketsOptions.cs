using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;

namespace Probe.Core.Wire;

/// <summary>What a run of probing towards one target needs open.</summary>
public sealed record ProbeSocketsOptions : SendingOptions
{
    /// <param name="sending">What all packets of the run have in common.</param>
    public ProbeSocketsOptions(SendingOptions sending)
        : base(sending)
    {
    }

    /// <summary>The target.</summary>
    public required IpAddress Target { get; init; }

    /// <summary>Transport of the probes.</summary>
    public required ProbeProtocol Protocol { get; init; }

    /// <summary>Destination port; unused for ICMP.</summary>
    public ushort DestinationPort { get; init; }

    /// <summary>How many flows, each with a source port or ICMP checksum of its own.</summary>
    public int Flows { get; init; } = 1;

    /// <summary>Echo requests are sent besides TCP or UDP (<see cref="ProbeSockets.EchoFlow"/>).</summary>
    public bool AlsoEcho { get; init; }

    /// <summary>Take sockets that need no privilege, though raw ones may be allowed.</summary>
    public bool Unprivileged { get; init; }

    /// <summary>How long an answer may take, nanoseconds.</summary>
    public required long TimeoutNs { get; init; }

    /// <summary>
    /// Encapsulation of the probes; what is left open in it is filled in, see <see cref="ProbeSockets.Via"/>. Needs raw sockets.
    /// </summary>
    public required EncapsulationStack Via { get; init; }
}
