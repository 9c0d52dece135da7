using Probe.Core.Probing;
using Probe.Core.Vocabulary;

namespace Probe.Core.Wire;

/// <summary>
/// Sends and receives whole IP packets under one clock: the kernel's raw sockets, or a simulated network in memory under virtual time.
/// Not thread-safe: one loop owns it.
/// </summary>
public interface IPacketPort : IDisposable
{
    /// <summary>Nanoseconds since the run began; never goes back.</summary>
    long NowNs { get; }

    /// <summary>Sends one IP packet, header included; checksums are the caller's.</summary>
    /// <param name="packet">The packet from its (outermost) IP header on.</param>
    /// <param name="number">Comes back with the transmit stamp.</param>
    SendStatus Send(ReadOnlySpan<byte> packet, int number);

    /// <summary>Sends several packets, in order within a family, and sets the status of each.</summary>
    void Send(SendBatch batch)
    {
        for (var i = 0; i < batch.Count; i++)
        {
            batch.Status(i) = Send(batch.Packet(i), batch.Number(i));
        }
    }

    /// <summary>
    /// Waits until something arrives or <paramref name="untilNs"/> has come, and hands everything that is there to <paramref name="sink"/>,
    /// transmit stamps before the packets they precede. A time in the past polls once without waiting.
    /// </summary>
    void Poll(long untilNs, IPacketSink sink);

    /// <summary>Wakes a waiting <see cref="Poll"/> from another thread or a signal handler.</summary>
    void Wake();

    /// <summary>What was lost in this host so far.</summary>
    PortLosses ReadLosses();
}
