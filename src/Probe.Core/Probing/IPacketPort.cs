using Probe.Core.Packets;

namespace Probe.Core.Probing;

/// <summary>One IP packet that arrived, already split into its network header's fields and its payload.</summary>
public readonly ref struct ArrivedPacket
{
    /// <summary>Who sent it.</summary>
    public required IpAddress Source { get; init; }

    /// <summary>The local address it came to.</summary>
    public required IpAddress Destination { get; init; }

    /// <summary>TTL or hop limit on arrival.</summary>
    public required byte Ttl { get; init; }

    /// <summary>TOS or traffic class octet.</summary>
    public byte TrafficClass { get; init; }

    /// <summary>IP protocol of <see cref="Payload"/> (1 ICMP, 6 TCP, 17 UDP, 58 ICMPv6).</summary>
    public required byte Protocol { get; init; }

    /// <summary>The octets after the IP header and its options or extension headers.</summary>
    public required ReadOnlySpan<byte> Payload { get; init; }

    /// <summary>
    /// Octets of the whole IP packet, more than <see cref="Payload"/> holds when it was cut; IPv6 extension headers, which the kernel
    /// does not show, are not counted. 0 when unknown.
    /// </summary>
    public int Length { get; init; }

    /// <summary>Not all octets of the packet were kept: no checksum over them can fit.</summary>
    public bool Cut { get; init; }

    /// <summary>Read from the link before this host's routes had a say: it may be on its way to somebody else.</summary>
    public bool OnLink { get; init; }

    /// <summary>Arrival, nanoseconds of the port's clock.</summary>
    public required long AtNs { get; init; }

    /// <summary>Source of <see cref="AtNs"/>.</summary>
    public required StampSource Stamp { get; init; }

    /// <summary>Index of the interface it came in by; 0 when unknown.</summary>
    public int InterfaceIndex { get; init; }
}

/// <summary>Takes what a port received. The spans are valid only during the call.</summary>
public interface IPacketSink
{
    /// <summary>A packet arrived.</summary>
    void Arrived(in ArrivedPacket packet);

    /// <summary>The packet sent with this number left the host at this time.</summary>
    /// <param name="number">The number given to <see cref="IPacketPort.Send(ReadOnlySpan{byte}, int)"/>.</param>
    /// <param name="atNs">Nanoseconds of the port's clock.</param>
    void Transmitted(int number, long atNs);
}

/// <summary>What became of a packet handed to a port.</summary>
public enum SendStatus
{
    /// <summary>On its way.</summary>
    Sent,

    /// <summary>A queue of this host is full (EAGAIN, ENOBUFS): try again later.</summary>
    Busy,

    /// <summary>Larger than the device takes (EMSGSIZE).</summary>
    TooBig,

    /// <summary>No route, or the interface is down (ENETUNREACH, EHOSTUNREACH, ENETDOWN, EINVAL of a blackhole route).</summary>
    NoRoute,

    /// <summary>A local rule refused it (EPERM, EACCES).</summary>
    Refused,
}

/// <summary>Answers that this host received but lost before they could be read.</summary>
/// <param name="Packets">Up to so many packets were lost; they need not have been answers of ours.</param>
public readonly record struct PortLosses(long Packets);

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
