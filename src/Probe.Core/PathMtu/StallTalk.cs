using Probe.Core.Conversations;
using Probe.Core.Evidence;
using Probe.Core.Vocabulary;

namespace Probe.Core.PathMtu;

/// <summary>One connection of a stall test: sends a message and looks every millisecond at what the kernel does with it.</summary>
internal sealed class StallTalk : IDisposable
{
    private const long LookNs = 1_000_000;
    private const long SampleNs = 10_000_000;

    // The persist timer's first period is RTO, at least TCP_RTO_MIN, which no setting changes (tcp_probe0_base, include/net/tcp.h).
    private const long RtoMinNs = 200_000_000;

    private readonly List<TcpSample> _samples = [];
    private readonly ConversationLoop _loop;
    private TcpInfoEvidence? _before;
    private TcpInfoEvidence? _after;
    private long _stallNs;
    private long? _acknowledgedNs;
    private bool _persist;
    private int _octets;
    private TcpEnd _end;

    /// <summary>Connects.</summary>
    public StallTalk(string name, ConversationLoop loop, TcpTestOptions options)
    {
        (Name, _loop) = (name, loop);
        Over = loop.Connect(options.To, ConversationLoop.NowNs + options.ConnectTimeoutNs);
        IsConnected = Over.IsConnected;
        LocalPort = Over.LocalPort;
        _end = loop.IsStopped ? TcpEnd.Interrupted : Over.IsOver ? Over.End : IsConnected ? TcpEnd.Done : TcpEnd.Timeout;
    }

    /// <summary>Its name in the evidence.</summary>
    public string Name { get; }

    /// <summary>The connection.</summary>
    public TcpConversation Over { get; }

    /// <summary>The handshake was done.</summary>
    public bool IsConnected { get; }

    /// <summary>Its local port.</summary>
    public int LocalPort { get; }

    /// <summary>The path MTU it reckons with fell while it sent.</summary>
    public bool LearnedSmaller => _after?.Pmtu < _before?.Pmtu;

    /// <summary>Everything was acknowledged.</summary>
    public bool IsAcknowledged => _acknowledgedNs is not null;

    /// <summary>The persist timer was seen.</summary>
    public bool Persist => _persist;

    /// <summary>How long nothing was on its way although there was something to send and room for it.</summary>
    public long StallNs => _stallNs;

    /// <summary>
    /// It sat out one period of the persist timer, 190 to 260 ms where the round trip is short, over a path MTU that fell.
    /// </summary>
    public bool Stalled
    {
        get
        {
            var period = Math.Max(RtoMinNs, _before?.RtoNs ?? 0);
            return LearnedSmaller && _stallNs >= period * 0.95 && _stallNs <= period * 1.3;
        }
    }

    /// <summary>Sends a message and watches until it is acknowledged, the connection ends, the time is over, or <paramref name="enough"/>.</summary>
    public void Say(byte[] message, long timeoutNs, Func<bool>? enough = null)
    {
        _before = Over.Info;
        var start = ConversationLoop.NowNs;
        var nextSample = start;
        var (wasStuck, stuckOver) = (false, false);
        while (true)
        {
            if (_octets < message.Length)
            {
                _octets += Over.Send(message.AsSpan(_octets));
            }

            var now = ConversationLoop.NowNs;
            _after = Over.Info;
            var stuck = _after is { NotSent: > 0, Unacked: 0, SndWnd: > 0 };
            if (!stuckOver && (stuck || wasStuck))
            {
                // The look that finds it over counts too: a busy machine looks late rather than early.
                _stallNs = now - start;
                (wasStuck, stuckOver) = (stuck, !stuck);
            }

            if (now >= nextSample)
            {
                Sample(now - start);
                nextSample += SampleNs;
            }

            if (_octets == message.Length && Over.Queued == 0)
            {
                (_acknowledgedNs, _end) = (now - start, TcpEnd.Done);
                break;
            }

            var isEnough = enough?.Invoke() ?? false;
            if (Over.IsOver || _loop.IsStopped || now - start >= timeoutNs || isEnough)
            {
                _end = Over.IsOver ? Over.End : _loop.IsStopped ? TcpEnd.Interrupted : isEnough ? TcpEnd.Enough : TcpEnd.Timeout;
                break;
            }

            _loop.Wait(LookNs);
            _loop.Drain(Over);
        }

        Sample(ConversationLoop.NowNs - start);
    }

    /// <summary>What was seen.</summary>
    public TcpStallConnection Evidence => new()
    {
        Name = Name,
        LocalPort = LocalPort,
        End = _end,
        Errno = Over.ErrnoName,
        Octets = _octets,
        StallNs = _stallNs,
        AcknowledgedNs = _acknowledgedNs,
        Persist = _persist,
        Before = _before,
        After = _after,
        Samples = _samples,
    };

    /// <inheritdoc/>
    public void Dispose() => Over.Dispose();

    private void Sample(long atNs)
    {
        if (Over.Diagnosed is not { Info: { } info } socket)
        {
            return;
        }

        _persist |= socket.Timer is "persist";
        var sample = new TcpSample(atNs, info.Pmtu, info.SndMss, info.NotSent, info.Unacked, info.TotalRetrans, info.Probes, info.Backoff, socket.Timer);
        if (_samples.Count == 0 || _samples[^1] with { AtNs = atNs } != sample)
        {
            _samples.Add(sample);
        }
    }
}
