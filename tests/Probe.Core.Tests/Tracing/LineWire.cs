using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;

namespace Probe.Core.Tests.Tracing;

/// <summary>
/// A line of hops without packets, under virtual time: the smallest thing a tracer can be driven with, where the test decides each answer.
/// </summary>
internal sealed class LineWire : IWire
{
    private readonly PriorityQueue<Reply, (long DueNs, int Number)> _due = new();

    public static IpAddress Target { get; } = IpAddress.Parse("203.0.113.9");

    public long NowNs { get; private set; }

    /// <summary>Says what becomes of a probe; null for silence.</summary>
    public required Func<ProbePacket, ProbeState?> Answer { get; init; }

    public Func<ProbePacket, SendStatus> Status { get; init; } = _ => SendStatus.Sent;

    /// <summary>Everything sent, with when.</summary>
    public List<(long AtNs, ProbePacket Probe)> Sent { get; } = [];

    /// <summary>The highest TTL sent whenever an answer had come, for the window's rule.</summary>
    public List<(long AtNs, Reply Reply)> Answered { get; } = [];

    public static IpAddress Hop(int ttl) => IpAddress.FromV4(0x0a000000u + (uint)ttl);

    /// <summary>A line whose target stands at this distance; each hop answers after <paramref name="rttNs"/>.</summary>
    public static Func<ProbePacket, ProbeState?> Line(int distance, long rttNs = 1_000_000, ReplyKind atTarget = ReplyKind.EchoReply) => probe =>
        probe.Ttl >= distance ? new ProbeState(Target, atTarget, rttNs) : new ProbeState(Hop(probe.Ttl), ReplyKind.TimeExceeded, rttNs);

    public SendStatus Send(in ProbePacket probe)
    {
        var status = Status(probe);
        if (status != SendStatus.Sent)
        {
            return status;
        }

        Sent.Add((NowNs, probe));
        if (Answer(probe) is { } fate)
        {
            var reply = new Reply
            {
                Number = probe.Number,
                From = fate.From,
                Kind = fate.Kind,
                Mtu = fate.Mtu,
                Layer = fate.Layer,
                SentNs = NowNs,
                ReceivedNs = NowNs + fate.RttNs,
            };
            _due.Enqueue(reply, (reply.ReceivedNs, probe.Number));
        }

        return status;
    }

    public void Receive(long untilNs, List<Reply> replies)
    {
        if (_due.TryPeek(out var reply, out _) && reply.ReceivedNs <= untilNs)
        {
            NowNs = Math.Max(NowNs, reply.ReceivedNs);
            while (_due.TryPeek(out reply, out _) && reply.ReceivedNs <= NowNs)
            {
                Answered.Add((NowNs, _due.Dequeue()));
                replies.Add(Answered[^1].Reply);
            }
        }
        else
        {
            NowNs = Math.Max(NowNs, untilNs);
        }
    }

    public PortLosses ReadLosses() => default;

    public void Dispose()
    {
    }

    internal sealed record ProbeState(IpAddress From, ReplyKind Kind, long RttNs, int? Mtu = null, int Layer = 0);
}
