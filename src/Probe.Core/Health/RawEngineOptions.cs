using Probe.Core.Probing;

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
