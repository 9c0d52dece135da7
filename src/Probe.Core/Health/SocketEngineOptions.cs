using Probe.Core.Probing;

namespace Probe.Core.Health;

/// <summary>How a <see cref="SocketEngine"/> sends.</summary>
public sealed record SocketEngineOptions : CheckEngineOptions
{
    /// <param name="sending">What all packets of the run have in common.</param>
    public SocketEngineOptions(SendingOptions sending)
        : base(sending)
    {
    }

    /// <summary>
    /// Local ports to use, both included: a part of the host's range (net.ipv4.ip_local_port_range); what lies outside of that, or a kernel
    /// before 6.3, leaves the host's. Null for all of the host's.
    /// </summary>
    public (ushort First, ushort Last)? Ports { get; init; }
}
