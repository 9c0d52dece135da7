using Probe.Core.Linux.Sockets;
using Probe.Core.Linux;

namespace Probe.Core.Wire;

/// <summary>One receiving socket of a packet port.</summary>
internal interface IReceiver : IDisposable
{
    /// <summary>The socket, for poll sets.</summary>
    FileDescriptor Descriptor { get; }

    /// <summary>Packets the socket lost so far, answers or not.</summary>
    uint Losses { get; }

    /// <summary>
    /// Takes packets to these ports from now on. One program replaces the other at once: nothing to a port of both is missed meanwhile.
    /// </summary>
    void Listen(IReadOnlyList<ushort> ports);

    /// <summary>Hands over message <paramref name="i"/> of a batch read from this socket.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="i">Which message.</param>
    /// <param name="clock">Converts the stamp.</param>
    /// <param name="nowNs">What stands in for a missing stamp.</param>
    /// <param name="sink">Takes the packet.</param>
    void Deliver(MessageBatch batch, int i, StampClock clock, long nowNs, IPacketSink sink);
}
