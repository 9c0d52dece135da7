using System.Collections.Immutable;
using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>
/// A load balancer that sends what comes to a virtual address through tunnels to real servers; they answer the client themselves. Its
/// initial values are those of IPVS.
/// </summary>
public sealed record DirectorSpec
{
    /// <summary>The virtual addresses, of either family. The node must own them.</summary>
    public ImmutableArray<IpAddress> Addresses { get; init; } = [];

    /// <summary>Lowest TCP or UDP port that is balanced; other ports are the director's own.</summary>
    public ushort FirstPort { get; init; }

    /// <summary>Highest TCP or UDP port that is balanced.</summary>
    public ushort LastPort { get; init; } = ushort.MaxValue;

    /// <summary>The real servers; a flow stays with one.</summary>
    public ImmutableArray<RealServer> Servers { get; init; } = [];

    /// <summary>Which packets it balances.</summary>
    public DirectorMode Mode { get; init; }

    /// <summary>
    /// Answers a packet with DF that does not fit the tunnel by frag-needed or packet too big, from the virtual address itself; false drops
    /// it in silence.
    /// </summary>
    public bool SaysTooBig { get; init; } = true;

    /// <summary>MTU told to packets that do not fit, instead of the truth: 0, 68, 9000, anything. For IPv6 as well.</summary>
    public uint? ToldMtu { get; init; }

    /// <summary>What it tells clients about errors that come to it from the tunnel's path.</summary>
    public DirectorRelay Relay { get; init; }

    /// <summary>
    /// Remembers the outer path MTU that an error told, as Linux does, and answers later packets by it. False leaves only
    /// <see cref="Relay"/>; who relays nothing learns nothing either.
    /// </summary>
    public bool LearnsOuterMtu { get; init; } = true;

    /// <summary>A director of the BPF or XDP kind: passes everything on, says and relays nothing, remembers nothing.</summary>
    public static DirectorSpec Stateless { get; } =
        new() { Mode = DirectorMode.Stateless, SaysTooBig = false, Relay = DirectorRelay.Missing };
}

/// <summary>A real server of a director.</summary>
/// <param name="Via">Encapsulations that reach it, outermost first. An outer source that is not stated is the director's own address, a DF
/// that is not stated follows the packet inside.</param>
public sealed record RealServer(ImmutableArray<Encapsulation> Via);

/// <summary>Which packets to a virtual address a director balances.</summary>
public enum DirectorMode
{
    /// <summary>
    /// As the kernel's IPVS: schedules TCP SYNs and UDP and forwards packets, and ICMP errors about packets, of connections it knows. The
    /// rest is the director's own: it answers echo itself and resets a stray ACK. TTL is counted down and copied to the outer header.
    /// </summary>
    Ipvs,

    /// <summary>Everything, by a hash of the flow alone; the outer TTL is 64.</summary>
    Stateless,
}

/// <summary>What a director makes of an ICMP error about a packet it tunnelled. IPv6 is treated alike.</summary>
public enum DirectorRelay
{
    /// <summary>An error from the virtual address about the packet inside; an MTU less the whole overhead.</summary>
    Right,

    /// <summary>The MTU less the outer IP header only: the IPVS fault with GUE, FOU and GRE.</summary>
    OuterHeaderOnly,

    /// <summary>The MTU as it was told.</summary>
    NothingSubtracted,

    /// <summary>The error is not looked at: nothing is told to anybody, nothing learned.</summary>
    Missing,
}
