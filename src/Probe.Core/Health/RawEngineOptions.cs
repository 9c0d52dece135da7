using Probe.Core.Probing;
using Probe.Core.Vocabulary;

namespace Probe.Core.Health;

/// <summary>How a <see cref="RawEngine"/> sends.</summary>
public sealed record RawEngineOptions : CheckEngineOptions
{
    /// <param name="sending">What all packets of the run have in common.</param>
    public RawEngineOptions(SendingOptions sending)
        : base(sending)
    {
    }

    /// <summary>
    /// Transport of the ports that are held: <see cref="ProbeProtocol.Tcp"/> for half-open checks, <see cref="ProbeProtocol.Udp"/> for
    /// datagrams. Echo requests go beside either.
    /// </summary>
    public ProbeProtocol Transport { get; init; } = ProbeProtocol.Tcp;

    /// <summary>
    /// The targets behind tunnels (<see cref="CheckTarget.Via"/>): sockets are opened and ports held for them, and their answers are read
    /// even where their addresses are this host's own.
    /// </summary>
    public IReadOnlyCollection<CheckTarget> Tunnelled { get; init; } = [];

    /// <summary>Some targets are straight ahead; without, no ports are held for them.</summary>
    public bool Plain { get; init; } = true;

    /// <summary>
    /// The kernel tells when each SYN left. Without, a round trip is counted from this process's own reading of the clock, good to the
    /// length of one call that sends up to 64 SYNs (some 0.5 ms), and a check takes a fifth less CPU.
    /// </summary>
    public bool TransmitStamps { get; init; } = true;
}
