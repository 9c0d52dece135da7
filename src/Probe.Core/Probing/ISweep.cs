using Probe.Core.Vocabulary;

namespace Probe.Core.Probing;

/// <summary>
/// A question asked of the network with one field swept (TTL, flow, size, target). A plain state machine: it holds no task, thread,
/// lock, socket or clock. A loop drives it.
/// </summary>
public interface ISweep
{
    /// <summary>
    /// Takes what came back since the last step and says what to send now.
    /// </summary>
    /// <param name="nowNs">The run's clock.</param>
    /// <param name="replies">Replies since the last step, in order of arrival.</param>
    /// <param name="send">Probes to send now are added here.</param>
    /// <returns>When to step again at the latest; <see cref="Done"/> ends the sweep.</returns>
    long Step(long nowNs, ReadOnlySpan<Reply> replies, List<ProbePacket> send);

    /// <summary>A probe handed out by <see cref="Step"/> could not be sent.</summary>
    void NotSent(in ProbePacket probe, SendStatus status);

    /// <summary>After so long a probe that met a full queue of this host may be tried again, nanoseconds.</summary>
    internal const long BusyRetryNs = 1_000_000;

    /// <summary>What <see cref="Step"/> returns when nothing is left to do.</summary>
    public const long Done = long.MaxValue;
}
