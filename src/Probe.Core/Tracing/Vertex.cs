using Probe.Core.Packets;

namespace Probe.Core.Tracing;

/// <summary>
/// One place where flows part: an address at a TTL, the source, a silent hop behind one certain predecessor (two silent hops are never
/// one), or a clump of addresses behind a per-packet balancer, which flows cannot tell apart.
/// </summary>
internal sealed class Vertex(int ttl, IpAddress address)
{
    /// <summary>TTL; the TTL before the first for the source.</summary>
    public int Ttl => ttl;

    /// <summary>Its address; none for the source, a silent hop and a clump.</summary>
    public IpAddress Address => address;

    /// <summary>Indices of the flows known to pass, or, behind a hop with this one vertex alone, taken to pass.</summary>
    public List<int> Flows { get; } = [];

    /// <summary>The vertices behind it and how many of its flows go to each.</summary>
    public Dictionary<Vertex, int> Next { get; } = [];

    /// <summary>The vertices that flows are known to come from.</summary>
    public HashSet<Vertex> Before { get; } = [];

    /// <summary>Addresses seen behind it; more than <see cref="Next"/> holds when they form a clump, or one is the target.</summary>
    public HashSet<IpAddress> NextAddresses { get; } = [];

    /// <summary>Flows answered at the next TTL.</summary>
    public int Answered { get; set; }

    /// <summary>Flows that stayed silent there after all attempts.</summary>
    public int Silent { get; set; }

    /// <summary>Flows whose probe there is under way, or to be repeated.</summary>
    public int Pending { get; set; }

    /// <summary>Probes answered there beyond the first of a flow: each could have shown per-packet balancing.</summary>
    public int Repeats { get; set; }

    /// <summary>Answers that could have shown balancing per packet: with one next hop all but the first could.</summary>
    public int Proofs => NextAddresses.Count == 1 ? Answered - 1 + Repeats : Repeats;

    /// <summary>A flow of it was answered by two addresses: it, or a balancer before it, decides packet by packet.</summary>
    public bool PerPacket { get; set; }

    /// <summary>It is a clump: what flows do behind it is not theirs.</summary>
    public bool IsClump { get; init; }

    /// <summary>
    /// A balancer before it has not proved that flows keep to their ways: what its flows did before and behind it may have been different
    /// ways.
    /// </summary>
    public bool IsDoubtful { get; set; }

    /// <summary>Every flow ends here or passes here, so that new flows need not be shown to.</summary>
    public bool TakesAll { get; set; }

    /// <summary>Nobody answered here.</summary>
    public bool IsSilent => address.IsNone && !IsClump && Before.Count > 0;

    /// <summary>The part of its flows that goes to one of its next hops.</summary>
    public double ShareOf(Vertex next) => (double)Next[next] / Math.Max(1, Answered + Silent);
}

/// <summary>All vertices of one TTL, and what the flows sent there have met, the target included.</summary>
internal sealed class Level(int ttl)
{
    public int Ttl => ttl;

    /// <summary>The vertices; a target is none, nothing lies behind it.</summary>
    public List<Vertex> Vertices { get; } = [];

    /// <summary>What lies here cannot be told apart by flow.</summary>
    public bool HasClump => Vertices.Exists(vertex => vertex.IsClump);

    /// <summary>Addresses that answered.</summary>
    public HashSet<IpAddress> Addresses { get; } = [];

    /// <summary>Flows answered.</summary>
    public int Answered { get; set; }

    /// <summary>Flows that stayed silent after all attempts.</summary>
    public int Silent { get; set; }

    /// <summary>Flows whose probe is under way, or to be repeated.</summary>
    public int Pending { get; set; }

    /// <summary>Probes answered beyond the first of a flow.</summary>
    public int Repeats { get; set; }

    /// <summary>Flows that end here.</summary>
    public int Ended { get; set; }
}
