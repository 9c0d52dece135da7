using System.Text.Json.Serialization;
using Probe.Core.Vocabulary;

namespace Probe.Core.Evidence;

/// <summary>One traceroute to one address.</summary>
public sealed record TraceEvidence
{
    /// <summary>The target as the user wrote it.</summary>
    public required string Target { get; init; }

    /// <summary>The address probed; empty when the name did not resolve.</summary>
    public required string Address { get; init; }

    /// <summary>Reverse name of the address; null when there is none or it was not asked.</summary>
    public string? Name { get; init; }

    /// <summary>Transport of the probes.</summary>
    public required ProbeProtocol Protocol { get; init; }

    /// <summary>Destination port; null for ICMP.</summary>
    public int? Port { get; init; }

    /// <summary>Source address.</summary>
    public required string Source { get; init; }

    /// <summary>Octets of one probe, IP header included.</summary>
    public int? Size { get; init; }

    /// <summary>TOS or traffic class octet with which the probes left (DSCP and ECN); null when it was not written down.</summary>
    public int? Tos { get; init; }

    /// <summary>ENCAP texts, outermost first.</summary>
    public IReadOnlyList<string> Via { get; init; } = [];

    /// <summary><c>outer</c> when the TTL of the outermost tunnel's header was swept; null for that of the probe itself.</summary>
    public SweptTtl? Sweep { get; init; }

    /// <summary><c>raw</c>, or <c>unprivileged</c> when sockets without CAP_NET_RAW were used.</summary>
    public TraceMode Mode { get; init; }

    /// <summary>The target's own address answered with anything but time-exceeded.</summary>
    public required bool Reached { get; init; }

    /// <summary>The smallest TTL at which it did; null when it never did.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public int? ReachedTtl { get; init; }

    /// <summary>Why the sweep over TTL ended.</summary>
    public required StopReason StopReason { get; init; }

    /// <summary>Why nothing was sent, with stop reason <c>error</c> among several targets.</summary>
    public NotProbedReason? Reason { get; init; }

    /// <summary>
    /// Up to so many answers were received by this host but lost before they were read; loss figures are upper bounds then.
    /// </summary>
    public long LocalLost { get; init; }

    /// <summary>One element a TTL, in order.</summary>
    public required IReadOnlyList<HopEvidence> Hops { get; init; }

    /// <summary>The flows.</summary>
    public IReadOnlyList<FlowEvidence> Flows { get; init; } = [];

    /// <summary>Links that one flow proved on both ends.</summary>
    public IReadOnlyList<LinkEvidence> Links { get; init; } = [];

    /// <summary>Changes of route during the run; null when none was seen.</summary>
    public IReadOnlyList<RouteChangeEvidence>? RouteChanges { get; init; }

    /// <summary>Multipath discovery; null when it was not asked for.</summary>
    public MultipathEvidence? Multipath { get; init; }

    /// <summary>Every single probe, up to 10,000.</summary>
    public IReadOnlyList<ProbeEvidence>? Probes { get; init; }
}

/// <summary>
/// What was seen at one TTL. Of what was sent, <c>received / sent + loss + rateLimited = 1</c> where loss is claimed at all.
/// </summary>
public sealed record HopEvidence
{
    /// <summary>The note of a hop whose loss cannot be told from rate limiting.</summary>
    public const string RateLimitPossible = "rate limit possible";

    /// <summary>TTL or hop limit.</summary>
    public required int Ttl { get; init; }

    /// <summary>Probes sent with this TTL whose time to be answered is over.</summary>
    public required int Sent { get; init; }

    /// <summary>Probes answered.</summary>
    public required int Received { get; init; }

    /// <summary>
    /// Fraction of <see cref="Sent"/> lost on the path, as far as later hops confirm it; null when nothing was sent,
    /// or when no loss can be claimed because the last answering hop may be limiting its answers.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public double? Loss { get; init; }

    /// <summary>Fraction of <see cref="Sent"/> not answered although later hops prove that it passed; null when nothing was sent.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public double? RateLimited { get; init; }

    /// <summary>Addresses that answered; empty for a silent hop.</summary>
    public required IReadOnlyList<NodeEvidence> Nodes { get; init; }

    /// <summary>Remarks, such as <c>rate limit possible</c>.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <summary>One address that answered at one TTL.</summary>
public sealed record NodeEvidence
{
    /// <summary>Its address.</summary>
    public required string Address { get; init; }

    /// <summary>Reverse name, as the stranger's server gave it; harmless only after <see cref="StrangerText"/>.</summary>
    public string? Name { get; init; }

    /// <summary>Number of the autonomous system that originates its prefix; null when it was not asked or nobody says.</summary>
    public long? Asn { get; init; }

    /// <summary>Name of that autonomous system, as a stranger gave it; harmless only after <see cref="StrangerText"/>.</summary>
    public string? AsName { get; init; }

    /// <summary>Probes at this TTL of the flows it answered at least once; null under per-packet balancing.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public int? Sent { get; init; }

    /// <summary>Probes it answered.</summary>
    public required int Received { get; init; }

    /// <summary>Fraction of <see cref="Sent"/> unanswered; null where Sent is null or 0.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public double? Loss { get; init; }

    /// <summary>Round-trip times; null when none could be measured.</summary>
    public RttEvidence? RttNs { get; init; }

    /// <summary><c>kernel</c> when the kernel stamped both ends of every probe, <c>user</c> when none, else <c>mixed</c>.</summary>
    public NodeStamps Stamps { get; init; }

    /// <summary>Ids of the flows it answered.</summary>
    public IReadOnlyList<int> Flows { get; init; } = [];

    /// <summary>Kinds of answers it gave.</summary>
    public required IReadOnlyList<ReplyEvidence> Replies { get; init; }

    /// <summary>
    /// How it chooses the next hop: <c>single</c> (enough flows show but one), or <c>unknown</c> (too few answers behind it to tell), or as
    /// it balances. <c>per-destination</c> is read and never written: a trace has one target and cannot show it; a finding concludes it
    /// from several traces.
    /// </summary>
    public NodeBalancing Balancing { get; init; } = NodeBalancing.Unknown;

    /// <summary>MPLS label stack of its last answer that had one.</summary>
    public IReadOnlyList<MplsEvidence>? Mpls { get; init; }

    /// <summary>The IP header it quoted last.</summary>
    public QuotedEvidence? Quoted { get; init; }

    /// <summary>TTL with which its last answer arrived here.</summary>
    public int? ReplyTtl { get; init; }

    /// <summary>What of the quoted probe differs from what was sent; null when nothing does.</summary>
    public IReadOnlyList<RewrittenField>? Rewritten { get; init; }

    /// <summary>Remarks: <c>nat</c>, interface information, ….</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <summary>
/// Round-trip times in nanoseconds. The standard deviation is the population's; jitter is the mean of |difference| of consecutive RTTs.
/// </summary>
public sealed record RttEvidence
{
    /// <summary>Smallest.</summary>
    public required long Min { get; init; }

    /// <summary>Mean.</summary>
    public required long Avg { get; init; }

    /// <summary>Largest.</summary>
    public required long Max { get; init; }

    /// <summary>Standard deviation of the population.</summary>
    public required long Stddev { get; init; }

    /// <summary>Mean of |difference| of consecutive RTTs; 0 with one sample.</summary>
    public required long Jitter { get; init; }

    /// <summary>Median.</summary>
    public required long P50 { get; init; }

    /// <summary>99th percentile.</summary>
    public required long P99 { get; init; }

    /// <summary>Last.</summary>
    public required long Last { get; init; }
}

/// <summary>How often a node gave one kind of answer.</summary>
public sealed record ReplyEvidence
{
    /// <summary>Kind.</summary>
    public required ReplyKind Kind { get; init; }

    /// <summary>ICMP type; null for TCP and UDP answers.</summary>
    public int? Type { get; init; }

    /// <summary>ICMP code; null for TCP and UDP answers.</summary>
    public int? Code { get; init; }

    /// <summary>How often.</summary>
    public required int Count { get; init; }

    /// <summary>The MTU it carried, octets, 0 included; null for other kinds.</summary>
    public int? Mtu { get; init; }

    /// <summary>The MTU cannot be true: 0, or not below the size of the packet it complains about.</summary>
    public bool? Implausible { get; init; }

    /// <summary>
    /// Which IP header of the probe it is about, counted from the inside: null for the probe's own, 1 for the innermost tunnel's, and so
    /// on. The hop is then one of the tunnel's path, outside for the packet that is probed with.
    /// </summary>
    public int? Layer { get; init; }
}

/// <summary>One entry of an MPLS label stack (RFC 4950).</summary>
/// <param name="Label">Label, 20 bits.</param>
/// <param name="Tc">Traffic class, 3 bits.</param>
/// <param name="Bottom">Bottom of stack.</param>
/// <param name="Ttl">TTL of the entry.</param>
public sealed record MplsEvidence(int Label, int Tc, bool Bottom, int Ttl);

/// <summary>The IP header a router quoted.</summary>
/// <param name="Ttl">Quoted TTL or hop limit.</param>
/// <param name="Tos">Quoted TOS or traffic class octet.</param>
/// <param name="Length">Quoted length of the IP packet, octets.</param>
/// <param name="Id">Quoted IPv4 identification; null for IPv6.</param>
public sealed record QuotedEvidence(int Ttl, int Tos, int Length, int? Id = null);

/// <summary>One flow: what stays constant over all TTLs.</summary>
public sealed record FlowEvidence
{
    /// <summary>Its id within the trace, from 1.</summary>
    public required int Id { get; init; }

    /// <summary>What tells it from the others, for the routers whose hops are swept.</summary>
    public required FlowKind Kind { get; init; }

    /// <summary>Source port.</summary>
    public int? SourcePort { get; init; }

    /// <summary>Destination port.</summary>
    public int? DestinationPort { get; init; }

    /// <summary>The constant ICMP checksum.</summary>
    public int? IcmpChecksum { get; init; }

    /// <summary>IPv6 flow label; with kind <c>flow-label</c> that of the outermost header, else the probe's own.</summary>
    public int? FlowLabel { get; init; }

    /// <summary>Source port of the outermost UDP header of a tunnel.</summary>
    public int? OuterSourcePort { get; init; }

    /// <summary>The target answered this flow.</summary>
    public required bool Reached { get; init; }

    /// <summary>Probes sent.</summary>
    public required int Sent { get; init; }

    /// <summary>Probes answered.</summary>
    public required int Received { get; init; }

    /// <summary>The smallest TTL at which the target answered this flow; null when it never did.</summary>
    public int? ReachedTtl { get; init; }

    /// <summary>
    /// Probes that could have got to the target: to the TTL at which it answers this flow or, when it never did, others; less those that a
    /// router answered there.
    /// </summary>
    public int? SentToTarget { get; init; }

    /// <summary>Of these, answered by the target.</summary>
    public int? AnsweredByTarget { get; init; }

    /// <summary>Round-trip times to the target; null when none could be measured.</summary>
    public RttEvidence? RttNs { get; init; }
}

/// <summary>A link from the node at <see cref="Ttl"/> to the node at the next TTL; a silent side is null.</summary>
public sealed record LinkEvidence
{
    /// <summary>TTL of the near end.</summary>
    public required int Ttl { get; init; }

    /// <summary>Near end; null when silent.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? From { get; init; }

    /// <summary>Far end; null when silent.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? To { get; init; }

    /// <summary>Flows that use it.</summary>
    public required IReadOnlyList<int> Flows { get; init; }

    /// <summary>Probes of these flows at the far end's TTL.</summary>
    public required int Sent { get; init; }

    /// <summary>Of these, answered.</summary>
    public required int Received { get; init; }

    /// <summary>Fraction unanswered; null when nothing was sent.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public double? Loss { get; init; }

    /// <summary>Round-trip times of these flows to the far end; null when none could be measured.</summary>
    public RttEvidence? RttNs { get; init; }
}

/// <summary>A change of route during the run: from one instant on, other addresses answered the same flows.</summary>
public sealed record RouteChangeEvidence
{
    /// <summary>The first TTL at which another address answers.</summary>
    public required int Ttl { get; init; }

    /// <summary>The old way was still taken by a probe sent then, nanoseconds after <see cref="Bundle.Started"/>.</summary>
    public required long AfterNs { get; init; }

    /// <summary>The new way was taken by a probe sent then, nanoseconds after <see cref="Bundle.Started"/>.</summary>
    public required long BeforeNs { get; init; }

    /// <summary>Addresses that answered until then.</summary>
    public required IReadOnlyList<string> From { get; init; }

    /// <summary>Addresses that answered from then on.</summary>
    public required IReadOnlyList<string> To { get; init; }

    /// <summary>Flows that moved.</summary>
    public required IReadOnlyList<int> Flows { get; init; }
}

/// <summary>How the paths were discovered, and how sure the result is.</summary>
public sealed record MultipathEvidence
{
    /// <summary>Algorithm.</summary>
    public required MultipathAlgorithm Mode { get; init; }

    /// <summary>Confidence asked for, percent.</summary>
    public required double Confidence { get; init; }

    /// <summary>What the confidence is of.</summary>
    public required ConfidenceScope Scope { get; init; }

    /// <summary>
    /// Confidence that follows for the whole graph, percent: nothing was missed at any node, or with <c>mda-lite</c> at any hop. It rests
    /// on <see cref="Assumes"/>, as <see cref="Confidence"/> does.
    /// </summary>
    public double? GraphConfidence { get; init; }

    /// <summary>What the confidence rests on, in words.</summary>
    public string? Assumes { get; init; }

    /// <summary>The smallest share of traffic that would have been seen at the stated confidence.</summary>
    public double? SmallestShareSeen { get; init; }

    /// <summary>Probes spent.</summary>
    public required int Probes { get; init; }

    /// <summary>The stopping rule was met everywhere.</summary>
    public required bool Complete { get; init; }
}

/// <summary>One probe and what became of it.</summary>
public sealed record ProbeEvidence
{
    /// <summary>Run-wide number; the same in capture comments and drop events.</summary>
    public required int Id { get; init; }

    /// <summary>TTL.</summary>
    public required int Ttl { get; init; }

    /// <summary>Flow id.</summary>
    public required int Flow { get; init; }

    /// <summary>Octets of the IP packet.</summary>
    public required int Size { get; init; }

    /// <summary>When it was sent, nanoseconds after <see cref="Bundle.Started"/>.</summary>
    public required long SentNs { get; init; }

    /// <summary>Round-trip time; null when unanswered.</summary>
    public long? RttNs { get; init; }

    /// <summary>Who answered; null when nobody did.</summary>
    public string? From { get; init; }

    /// <summary>Kind of answer.</summary>
    public ReplyKind? Kind { get; init; }

    /// <summary>ICMP type.</summary>
    public int? Type { get; init; }

    /// <summary>ICMP code.</summary>
    public int? Code { get; init; }

    /// <summary>MTU carried.</summary>
    public int? Mtu { get; init; }
}
