using Probe.Core.Conversations;
using Probe.Core.Evidence;
using Probe.Core.Vocabulary;

namespace Probe.Core.TcpTests;

/// <summary>
/// One connection of a stall test: it is opened, later sends a message, and each millisecond what its TCP does with it is noted.
/// </summary>
internal sealed class StallConnection : IDisposable
{
    /// <summary>How often to step, nanoseconds.</summary>
    public const long StepNs = 1_000_000;

    private const long SampleNs = 10_000_000;

    // The persist timer's first period is RTO, at least TCP_RTO_MIN, which no setting changes (tcp_probe0_base, include/net/tcp.h).
    private const long RtoMinNs = 200_000_000;

    private readonly List<TcpSample> _samples = [];
    private readonly ITcpStack _stack;
    private readonly Opening _opening;
    private readonly int _localPort;
    private byte[]? _message;
    private long _startNs;
    private long _untilNs;
    private long _nextSampleNs;
    private bool _untilLearned;
    private bool _wasStuck;
    private bool _stuckOver;
    private TcpInfoEvidence? _before;
    private TcpInfoEvidence? _after;
    private long? _acknowledgedNs;
    private int _octets;
    private int? _largestPacket;
    private TcpEnd? _end;

    /// <summary>Begins to connect.</summary>
    /// <exception cref="Linux.LinuxException">The socket could not be made as asked.</exception>
    public StallConnection(string name, ITcpStack stack, TcpTestOptions options)
    {
        (Name, _stack) = (name, stack);
        _opening = new Opening(stack, options.To, options.ConnectTimeoutNs);
        _localPort = Over.LocalPort;
    }

    /// <summary>Its name in the evidence.</summary>
    public string Name { get; }

    /// <summary>The connection.</summary>
    public IConversation Over => _opening.Over;

    /// <summary>The handshake was done.</summary>
    public bool IsConnected => _opening.IsConnected;

    /// <summary>Its local port.</summary>
    public int LocalPort => _localPort;

    /// <summary>The handshake, or the message, is not at its end.</summary>
    public bool IsBusy => _opening.End is null || (_message is not null && _end is null);

    /// <summary>The path MTU it reckons with fell while it sent.</summary>
    public bool LearnedSmaller => _after?.Pmtu < _before?.Pmtu;

    /// <summary>Everything was acknowledged.</summary>
    public bool IsAcknowledged => _acknowledgedNs is not null;

    /// <summary>The persist timer was seen.</summary>
    public bool Persist { get; private set; }

    /// <summary>How long nothing was on its way although there was something to send and room for it.</summary>
    public long StallNs { get; private set; }

    /// <summary>
    /// It sat out one period of the persist timer, 190 to 260 ms where the round trip is short, over a path MTU that fell.
    /// </summary>
    public bool Stalled
    {
        get
        {
            var period = Math.Max(RtoMinNs, _before?.RtoNs ?? 0);
            return LearnedSmaller && StallNs >= period * 0.95 && StallNs <= period * 1.3;
        }
    }

    /// <summary>How the message ended, or the handshake where none was sent.</summary>
    public TcpEnd End => _end ?? _opening.End ?? TcpEnd.Timeout;

    /// <summary>What was seen.</summary>
    public TcpStallConnection Evidence => new()
    {
        Name = Name,
        LocalPort = _localPort,
        End = End,
        Errno = Over.ErrnoName,
        Octets = _octets,
        StallNs = StallNs,
        AcknowledgedNs = _acknowledgedNs,
        Persist = Persist,
        Before = _before,
        After = _after,
        LargestPacket = _largestPacket,
        Samples = _samples,
    };

    /// <summary>Begins to send a message, which is over when it is acknowledged, the connection ends or the time is over.</summary>
    /// <param name="message">The octets.</param>
    /// <param name="timeoutNs">How long it may take.</param>
    /// <param name="untilLearned">It is over also when a smaller path MTU is learned.</param>
    public void Send(byte[] message, long timeoutNs, bool untilLearned = false)
    {
        (_message, _untilLearned) = (message, untilLearned);
        _before = Over.Info;
        _startNs = _nextSampleNs = _stack.NowNs;
        _untilNs = _startNs + timeoutNs;
    }

    /// <summary>Does what is due.</summary>
    public void Step(long nowNs, bool stopped)
    {
        if (_opening.End is null)
        {
            _opening.Step(nowNs, stopped);
        }
        else if (_message is not null && _end is null)
        {
            Over.Discard();
            if (_octets < _message.Length)
            {
                _octets += Over.Send(_message.AsSpan(_octets));
            }

            Look(_message.Length, stopped);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Over.Dispose();

    private void Look(int length, bool stopped)
    {
        _after = Over.Info;

        // The clock is read after the look: a busy machine sees the end of a stall late rather than early.
        var atNs = _stack.NowNs - _startNs;
        var stuck = _after is { NotSent: > 0, Unacked: 0, SndWnd: > 0 };
        if (!_stuckOver && (stuck || _wasStuck))
        {
            StallNs = atNs;
            (_wasStuck, _stuckOver) = (stuck, !stuck);
        }

        if (_startNs + atNs >= _nextSampleNs)
        {
            Sample(atNs);
            _nextSampleNs += SampleNs;
        }

        if (_octets == length && Over.Queued == 0)
        {
            _acknowledgedNs = atNs;
            _largestPacket = AcknowledgedPackets.LargestOf(Over, _before!, _after, _octets, length);
            _end = TcpEnd.Done;
        }
        else
        {
            _end = Over.IsOver ? Over.End
                : stopped ? TcpEnd.Interrupted
                : _untilLearned && LearnedSmaller ? TcpEnd.Enough
                : _startNs + atNs >= _untilNs ? TcpEnd.Timeout
                : null;
        }

        if (_end is not null)
        {
            Sample(_stack.NowNs - _startNs);
        }
    }

    private void Sample(long atNs)
    {
        if (Over.Diagnosed is not { Info: { } info } socket)
        {
            return;
        }

        Persist |= socket.Timer is TcpTimer.Persist;
        var sample = new TcpSample(
            atNs, info.Pmtu, info.SndMss, info.NotSent, info.Unacked, info.TotalRetrans, info.Probes,
            info.Backoff) { Timer = socket.Timer };
        if (_samples.Count == 0 || _samples[^1] with { AtNs = atNs } != sample)
        {
            _samples.Add(sample);
        }
    }
}
