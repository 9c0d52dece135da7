using System.Collections.Immutable;
using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>A router, a host, or both.</summary>
public sealed record NodeSpec
{
    public required string Name { get; init; }

    /// <summary>Addresses that belong to the node and to no link. A prefix makes it the owner of every address inside.</summary>
    public ImmutableArray<IpPrefix> Addresses { get; init; } = [];

    public ImmutableArray<RouteSpec> Routes { get; init; } = [];

    /// <summary>False for a host that passes nothing on.</summary>
    public bool Forwards { get; init; } = true;

    /// <summary>How it answers packets that die in it.</summary>
    public ErrorPolicy Errors { get; init; } = new();

    /// <summary>What it does with the TTL of packets it passes on.</summary>
    public TtlHandling Ttl { get; init; }

    /// <summary>What it does to the TOS or traffic class octet of packets it passes on.</summary>
    public TrafficClassRewrite? TrafficClass { get; init; }

    /// <summary>What it says about packets too big for the next link.</summary>
    public TooBigPolicy TooBig { get; init; } = new();

    /// <summary>What it does instead of what a router should; the first rule that matches decides.</summary>
    public ImmutableArray<AnswerRule> Rules { get; init; } = [];

    /// <summary>Address translation.</summary>
    public NatSpec? Nat { get; init; }

    /// <summary>Tunnels that end here.</summary>
    public TunnelEndSpec? TunnelEnd { get; init; }

    /// <summary>Virtual addresses that it balances over real servers.</summary>
    public DirectorSpec? Director { get; init; }

    /// <summary>What it does with TCP segments that follow each other; null passes each on at once.</summary>
    public MergingSpec? Merging { get; init; }

    /// <summary>What answers on its own addresses; null answers echo and refuses every port, like a router.</summary>
    public HostSpec? Host { get; init; }
}

/// <summary>What a router does with the TTL or hop limit.</summary>
public enum TtlHandling
{
    /// <summary>Counts down; a packet that came with 1 dies.</summary>
    Decrement,

    /// <summary>Leaves it alone: the inside of an MPLS tunnel that does not propagate TTL.</summary>
    Hidden,

    /// <summary>Passes a packet on with 0, where the next router finds it: the zero-TTL fault.</summary>
    ForwardsZero,
}

/// <summary>New octet = (old AND <paramref name="Keep"/>) OR <paramref name="Set"/>.</summary>
/// <param name="Keep">Bits that stay.</param>
/// <param name="Set">Bits that are set.</param>
public readonly record struct TrafficClassRewrite(byte Keep, byte Set)
{
    /// <summary>Clears the DSCP and leaves ECN.</summary>
    public static TrafficClassRewrite BleachDscp => new(0x03, 0);

    /// <summary>Clears ECN and leaves the DSCP.</summary>
    public static TrafficClassRewrite BleachEcn => new(0xfc, 0);

    /// <summary>Clears the low precedence bits, as old TOS routers do.</summary>
    public static TrafficClassRewrite BleachTosPrecedence => new(0x1f, 0);
}

/// <summary>What a router says about a packet that is larger than the next link takes and must not be fragmented.</summary>
public sealed record TooBigPolicy
{
    /// <summary>Protocols about which nothing is said: a path MTU black hole.</summary>
    public Protocols Silent { get; init; }

    /// <summary>Protocols to which <see cref="Mtu"/> is told instead of the truth.</summary>
    public Protocols Lies { get; init; }

    /// <summary>The MTU told to <see cref="Lies"/>: any value, 0 included.</summary>
    public uint Mtu { get; init; }

    /// <summary>IPv4 packets without DF are fragmented; false drops them without a word.</summary>
    public bool Fragments { get; init; } = true;
}

/// <summary>How a node builds and limits its ICMP errors.</summary>
public sealed record ErrorPolicy
{
    public ReplySource From { get; init; } = ReplySource.Inbound;

    /// <summary>
    /// Addresses to answer from when <see cref="From"/> is <see cref="ReplySource.Fixed"/>; a family without one stays silent.
    /// </summary>
    public ImmutableArray<IpAddress> Fixed { get; init; } = [];

    /// <summary>Protocols whose packets die without an answer.</summary>
    public Protocols Silent { get; init; }

    /// <summary>Every one must have a token left.</summary>
    public ImmutableArray<RateLimit> RateLimits { get; init; } = [];

    /// <summary>Time the router needs for an error: its slow path.</summary>
    public long DelayNs { get; init; }

    /// <summary>TTL or hop limit of what the node sends.</summary>
    public byte InitialTtl { get; init; } = 64;

    /// <summary>TOS or traffic class of errors; Linux sends precedence 6.</summary>
    public byte TrafficClass { get; init; } = 0xc0;

    public QuoteSpec Quote { get; init; } = new();

    public ExtensionSpec? Extensions { get; init; }

    /// <summary>IPv4 options of the error itself, as hexadecimal octets, a multiple of four.</summary>
    public string Options { get; init; } = "";
}

/// <summary>Which address an error comes from.</summary>
public enum ReplySource
{
    /// <summary>That of the interface the packet came in by.</summary>
    Inbound,

    /// <summary>Always the same.</summary>
    Fixed,

    /// <summary>The node has no address to answer from and stays silent.</summary>
    None,
}

/// <summary>A token bucket on ICMP errors, as Linux has them.</summary>
/// <param name="PerSecond">Tokens a second.</param>
/// <param name="Burst">Tokens it holds, and has at the start.</param>
/// <param name="PerDestination">One bucket for each address that answers go to (Linux <c>icmp_ratelimit</c>), else one for the router
/// (<c>icmp_msgs_per_sec</c>).</param>
public sealed record RateLimit(double PerSecond, int Burst, bool PerDestination = false);
