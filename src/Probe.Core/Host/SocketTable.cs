using Probe.Core.Evidence;
using Probe.Core.Linux.Netlink;
using Probe.Core.Linux;
using Probe.Core.Packets;

namespace Probe.Core.Host;

/// <summary>TCP connections of the calling thread's network namespace, with timer and TCP_INFO. Needs no privilege.</summary>
public static class SocketTable
{
    /// <summary>All connections to a destination, half-closed ones and those in TIME-WAIT too.</summary>
    /// <param name="destination">The far address.</param>
    /// <param name="port">The far port; 0 for any.</param>
    /// <exception cref="LinuxException">The kernel does not tell.</exception>
    public static IReadOnlyList<SocketEvidence> To(IpAddress destination, ushort port = 0) =>
        [.. InetDiag.To(destination, port).Select(TcpSockets.Of)];
}
