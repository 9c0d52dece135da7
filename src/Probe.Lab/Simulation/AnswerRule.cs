using Probe.Core.Packets;

namespace Probe.Lab.Simulation;

/// <summary>Something a node does to certain packets instead of what it should: a filter, a fault, a lie.</summary>
public sealed record AnswerRule
{
    public When When { get; init; } = When.Expired;

    public PacketMatch Match { get; init; } = new();

    /// <summary>The ICMP error about an IPv4 packet; null together with no other answer is silence.</summary>
    public IcmpCode? V4 { get; init; }

    /// <summary>The ICMPv6 error about an IPv6 packet.</summary>
    public IcmpCode? V6 { get; init; }

    /// <summary>A TCP segment is answered by a reset; other packets are not touched by the rule.</summary>
    public bool Reset { get; init; }

    /// <summary>Who claims to answer.</summary>
    public AnswerFrom From { get; init; }

    /// <summary>The packet goes on all the same, as after a source quench or a redirect.</summary>
    public bool Forwards { get; init; }

    /// <summary>Drops what matches, without a word.</summary>
    public static AnswerRule Drop(When when, PacketMatch match) => new() { When = when, Match = match };

    /// <summary>The lying hop: says "fragmentation needed" (IPv6: packet too big) to packets that merely expired.</summary>
    public static AnswerRule TooBig(uint mtu, Protocols protocols, When when = When.Expired) => new()
    {
        When = when,
        Match = new PacketMatch { Protocols = protocols },
        V4 = new IcmpCode(IcmpType.DestinationUnreachable, IcmpType.FragmentationNeededCode, mtu),
        V6 = new IcmpCode(IcmpType.PacketTooBigV6, 0, mtu),
    };

    /// <summary>An ICMP error to IPv4 packets.</summary>
    public static AnswerRule Icmp(byte type, byte code, uint rest = 0, Protocols protocols = Protocols.All, When when = When.Expired) =>
        new()
    {
        When = when,
        Match = new PacketMatch { Protocols = protocols, Family = Family.V4 },
        V4 = new IcmpCode(type, code, rest),
    };

    /// <summary>An ICMPv6 error to IPv6 packets.</summary>
    public static AnswerRule IcmpV6(byte type, byte code, uint rest = 0, Protocols protocols = Protocols.All, When when = When.Expired) =>
        new()
    {
        When = when,
        Match = new PacketMatch { Protocols = protocols, Family = Family.V6 },
        V6 = new IcmpCode(type, code, rest),
    };

    /// <summary>A reset to TCP segments, from the node's own address or, as middleboxes do, from the target's.</summary>
    public static AnswerRule TcpReset(When when, AnswerFrom from = AnswerFrom.Node) => new()
    {
        When = when,
        Match = new PacketMatch { Protocols = Protocols.Tcp },
        Reset = true,
        From = from,
    };

    /// <summary>Time exceeded that claims to come from the target.</summary>
    public static AnswerRule ExpiredFromTarget => new()
    {
        V4 = new IcmpCode(IcmpType.TimeExceeded, 0),
        V6 = new IcmpCode(IcmpType.TimeExceededV6, 0),
        From = AnswerFrom.Destination,
    };
}

/// <summary>Type, code and the four octets after the checksum (MTU, pointer, gateway).</summary>
public readonly record struct IcmpCode(byte Type, byte Code, uint Rest = 0);

/// <summary>The moment a rule looks at a packet.</summary>
public enum When
{
    /// <summary>Its TTL has run out here.</summary>
    Expired,

    /// <summary>It is about to be passed on.</summary>
    Transit,

    /// <summary>It is for an address of this node.</summary>
    Local,
}

/// <summary>The source address of an answer.</summary>
public enum AnswerFrom
{
    /// <summary>As the node's errors have it.</summary>
    Node,

    /// <summary>The address the packet was sent to.</summary>
    Destination,
}

/// <summary>An address family, or either.</summary>
public enum Family
{
    Any,
    V4,
    V6,
}

/// <summary>Which packets a rule is about; everything stated must hold.</summary>
public sealed record PacketMatch
{
    public Protocols Protocols { get; init; } = Protocols.All;

    public Family Family { get; init; }

    public IpPrefix? Source { get; init; }

    public IpPrefix? Destination { get; init; }

    /// <summary>Lowest destination port; packets without ports match only the full range.</summary>
    public ushort FirstPort { get; init; }

    /// <summary>Highest destination port.</summary>
    public ushort LastPort { get; init; } = ushort.MaxValue;

    /// <summary>Octets of the IP packet.</summary>
    public int MinimumSize { get; init; }

    public int MaximumSize { get; init; } = int.MaxValue;

    public long FromNs { get; init; }

    public long UntilNs { get; init; } = long.MaxValue;

    /// <summary>Share of the matching packets that the rule takes.</summary>
    public double Share { get; init; } = 1;

    internal bool Takes(in FlowKey flow, int size, long nowNs) =>
        (Protocols & ProtocolSets.Of(flow.Protocol)) != 0
        && (Family == Family.Any || Family == Family.V6 == flow.Destination.IsV6)
        && size >= MinimumSize && size <= MaximumSize && nowNs >= FromNs && nowNs < UntilNs
        && (Source is null || Source.Value.Contains(flow.Source))
        && (Destination is null || Destination.Value.Contains(flow.Destination))
        && flow.DestinationPort >= FirstPort && flow.DestinationPort <= LastPort;
}
