using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;

namespace Probe.Core.Tests.PathMtu;

/// <summary>A wire under virtual time whose answers a test writes.</summary>
/// <param name="answers">What comes back of a probe; the list is filled with the delay of each answer and the answer.</param>
/// <param name="send">What becomes of a probe before it leaves.</param>
internal sealed class ScriptedPath(Action<ProbePacket, List<(long DelayNs, Reply Reply)>> answers, Func<ProbePacket, SendStatus>? send = null) : IWire
{
    public const long Millisecond = 1_000_000;

    private readonly PriorityQueue<Reply, long> _coming = new();
    private readonly List<(long DelayNs, Reply Reply)> _answers = [];

    public static IpAddress Target { get; } = IpAddress.Parse("192.0.2.1");

    public static IpAddress Source { get; } = IpAddress.Parse("198.51.100.1");

    public static IpAddress Router { get; } = IpAddress.Parse("203.0.113.1");

    public long NowNs { get; private set; }

    /// <summary>Everything that left, and when.</summary>
    public List<(ProbePacket Probe, long AtNs)> Sent { get; } = [];

    public static Reply Answer(in ProbePacket probe) => new()
    {
        Number = probe.Number, From = Target, Kind = ReplyKind.SynAck, SentNs = 0, ReceivedNs = 0, ReplyTtl = 60,
    };

    public static Reply TooBig(in ProbePacket probe, int mtu) => new()
    {
        Number = probe.Number,
        From = Router,
        Kind = ReplyKind.FragmentationNeeded,
        Type = 3,
        Code = 4,
        Mtu = mtu,
        Implausible = IcmpErrors.IsImplausibleMtu(false, mtu, probe.Size),
        Quoted = new QuotedHeader(62, 0, probe.Size, 1),
        SentNs = 0,
        ReceivedNs = 0,
        ReplyTtl = 62,
    };

    public SendStatus Send(in ProbePacket probe)
    {
        if (send?.Invoke(probe) is { } status and not SendStatus.Sent)
        {
            return status;
        }

        Sent.Add((probe, NowNs));
        _answers.Clear();
        answers(probe, _answers);
        foreach (var (delayNs, reply) in _answers)
        {
            _coming.Enqueue(reply with { SentNs = NowNs, ReceivedNs = NowNs + delayNs }, NowNs + delayNs);
        }

        return SendStatus.Sent;
    }

    public void Receive(long untilNs, List<Reply> replies)
    {
        if (!_coming.TryPeek(out _, out var dueNs) || dueNs > untilNs)
        {
            NowNs = Math.Max(NowNs, untilNs);
            return;
        }

        NowNs = Math.Max(NowNs, dueNs);
        while (_coming.TryPeek(out _, out dueNs) && dueNs <= NowNs)
        {
            replies.Add(_coming.Dequeue());
        }
    }

    public PortLosses ReadLosses() => default;

    public void Dispose()
    {
    }
}
