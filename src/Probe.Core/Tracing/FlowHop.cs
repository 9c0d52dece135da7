using System.Runtime.InteropServices;
using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;

namespace Probe.Core.Tracing;

/// <summary>What one flow saw at one TTL.</summary>
internal sealed class FlowHop
{
    /// <summary>Probes whose time to be answered is over.</summary>
    public int Sent { get; set; }

    /// <summary>Probes answered.</summary>
    public int Received { get; set; }

    /// <summary>
    /// The addresses that answered, in order of first answer; one, unless the balancing is per packet or the route changed.
    /// </summary>
    public List<FlowNode> Nodes { get; } = [];

    /// <summary>Probes under way: neither answered nor given up.</summary>
    public int Pending { get; set; }

    /// <summary>Probes sent in all.</summary>
    public int Attempts { get; set; }

    /// <summary>Probes that are no longer waited for.</summary>
    public int Missed => Attempts - Pending - Received;

    /// <summary>When the newest probe left.</summary>
    public long LastTryNs { get; set; }

    /// <summary>
    /// A balancer before this hop decides packet by packet: two probes of the flow may have gone two ways, so nothing seen here proves a
    /// link.
    /// </summary>
    public bool Unordered { get; set; }

    /// <summary>Routers that sent an ICMP redirect for this flow.</summary>
    public List<IpAddress> Redirects { get; } = [];

    /// <summary>Who answered when; null as long as one address answered alone.</summary>
    public AnswerRuns? Runs { get; private set; }

    /// <summary>Counts an answer.</summary>
    public void Add(in Reply reply)
    {
        Sent++;
        Received++;
        var node = NodeOf(reply.From);
        if (Nodes.Count > 1)
        {
            Runs ??= new AnswerRuns(Nodes[0]);
            Runs.Add(reply.From, reply.SentNs);
        }

        node.Add(reply);
    }

    private FlowNode NodeOf(IpAddress address)
    {
        foreach (var node in Nodes)
        {
            if (node.Address == address)
            {
                return node;
            }
        }

        var added = new FlowNode(address);
        Nodes.Add(added);
        return added;
    }
}

/// <summary>One address that answered one flow at one TTL.</summary>
internal sealed class FlowNode(IpAddress address)
{
    // A node rarely gives more than one kind of answer: a list is smaller than any table, and as fast.
    private readonly List<CountedReply> _replies = new(1);

    /// <summary>The address.</summary>
    public IpAddress Address => address;

    /// <summary>Answers.</summary>
    public int Received { get; private set; }

    /// <summary>Answers stamped by the kernel on both ends.</summary>
    public int KernelStamped { get; private set; }

    /// <summary>Round-trip times.</summary>
    public RttStatistics Rtt { get; } = new();

    /// <summary>The newest answer.</summary>
    public Reply Last { get; private set; }

    /// <summary>The newest MPLS stack and interface information; null when none came.</summary>
    public IcmpExtensions? Extensions { get; private set; }

    /// <summary>When the first probe that it answered was sent.</summary>
    public long FirstSentNs { get; private set; } = long.MaxValue;

    /// <summary>When the last probe that it answered was sent.</summary>
    public long LastSentNs { get; private set; } = long.MinValue;

    /// <summary>Fields that were seen rewritten in a quote.</summary>
    public RewrittenFields Nat { get; private set; }

    /// <summary>The kinds of answers and how often each came.</summary>
    public IReadOnlyList<CountedReply> Replies => _replies;

    /// <summary>Counts an answer.</summary>
    public void Add(in Reply reply)
    {
        Received++;
        FirstSentNs = Math.Min(FirstSentNs, reply.SentNs);
        LastSentNs = Math.Max(LastSentNs, reply.SentNs);
        KernelStamped += reply.KernelStamped ? 1 : 0;
        Nat |= reply.Nat;
        Extensions = reply.Extensions ?? Extensions;
        Last = reply;
        CountKind(ReplySignature.Of(reply));
        if (!reply.Ambiguous)
        {
            Rtt.Add(reply.RttNs);
        }
    }

    private void CountKind(ReplySignature kind)
    {
        foreach (ref var known in CollectionsMarshal.AsSpan(_replies))
        {
            if (known.Kind == kind)
            {
                known = known with { Count = known.Count + 1 };
                return;
            }
        }

        _replies.Add(new CountedReply(kind, 1));
    }
}

/// <summary>A kind of answer and how often it came.</summary>
internal readonly record struct CountedReply(ReplySignature Kind, int Count);

/// <summary>What makes two answers of one node the same kind of answer.</summary>
internal readonly record struct ReplySignature(ReplyKind Kind, byte Type, byte Code, int? Mtu, bool Implausible, int Layer)
{
    public static ReplySignature Of(in Reply reply) => new(reply.Kind, reply.Type, reply.Code, reply.Mtu, reply.Implausible, reply.Layer);
}
