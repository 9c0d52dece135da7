using Probe.Core.Conversations;
using Probe.Core.Evidence;
using Probe.Core.Vocabulary;

namespace Probe.Core.TcpTests;

/// <summary>
/// Sends octets over one connection at one pacing and counts what became of them. A state machine: <see cref="Step"/> is called until
/// <see cref="IsOver"/>.
/// </summary>
internal sealed class PacedSender
{
    /// <summary>How often to step while nothing else happens, nanoseconds: acknowledgments wake nobody.</summary>
    public const long StepNs = 300_000;

    private readonly IConversation _over;
    private readonly byte[] _payload;
    private readonly TcpPacing _pacing;
    private readonly long _startNs;
    private readonly long _untilNs;
    private readonly TcpInfoEvidence _before;
    private int _handed;
    private int _group;
    private (int Pmtu, int Retransmitted) _path;
    private int _resized;

    /// <summary>Prepares; nothing is sent yet.</summary>
    public PacedSender(IConversation over, byte[] payload, TcpPacing pacing, long nowNs, long timeoutNs)
    {
        (_over, _payload, _pacing, _startNs, _untilNs) = (over, payload, pacing, nowNs, nowNs + timeoutNs);
        _before = over.Info;
        _path = over.Path;
    }

    /// <summary>Everything is acknowledged, the connection ended, or the time is over.</summary>
    public bool IsOver { get; private set; }

    /// <summary>What became of it, once <see cref="IsOver"/>.</summary>
    public TcpPacingEvidence? Result { get; private set; }

    /// <summary>Sends what may be sent now.</summary>
    /// <param name="nowNs">The clock of the constructor.</param>
    /// <param name="stopped">The user stopped the run.</param>
    public void Step(long nowNs, bool stopped = false)
    {
        if (IsOver)
        {
            return;
        }

        var queued = _over.Queued;
        NoteResize(queued);
        if (_handed == _payload.Length && queued == 0)
        {
            Finish(TcpEnd.Done, queued, nowNs);
        }
        else if (_over.IsOver)
        {
            Finish(_over.End, queued, nowNs);
        }
        else if (stopped || nowNs >= _untilNs)
        {
            Finish(stopped ? TcpEnd.Interrupted : TcpEnd.Timeout, queued, nowNs);
        }
        else
        {
            Send(queued);
        }
    }

    private void Send(int queued)
    {
        if (_group == 0 && queued == 0)
        {
            var segment = Math.Max(1, _over.SegmentSize);
            _group = Math.Min(_payload.Length - _handed,
                _pacing switch { TcpPacing.Spaced => segment, TcpPacing.Pairs => 2 * segment, _ => _payload.Length });
        }

        if (_group > 0)
        {
            var taken = _over.Send(_payload.AsSpan(_handed, _group));
            (_handed, _group) = (_handed + taken, _group - taken);
        }
    }

    // What had to be sent again because a router, or this host, named a smaller size is no loss.
    private void NoteResize(int queued)
    {
        if (queued != 0)
        {
            return;
        }

        var now = _over.Path;
        if (now.Pmtu < _path.Pmtu)
        {
            _resized += now.Retransmitted - _path.Retransmitted;
        }

        _path = now;
    }

    private void Finish(TcpEnd end, int queued, long nowNs)
    {
        var after = _over.Info;
        var acknowledged = Math.Max(0, _handed - queued);
        var repeats = after.TotalRetrans - _before.TotalRetrans;
        var segments = Math.Max(0, after.DataSegments - _before.DataSegments - repeats);
        var lost = Math.Max(0, repeats - _resized - (after.NeedlessRetrans - _before.NeedlessRetrans));
        IsOver = true;
        Result = new TcpPacingEvidence
        {
            Pacing = _pacing,
            End = end,
            Errno = _over.ErrnoName,
            Octets = _handed,
            Acknowledged = acknowledged,
            Segments = segments,
            Retransmitted = lost,
            Resized = _resized,
            Loss = segments == 0 ? null : Math.Min(1, lost / (double)segments),
            DurationNs = nowNs - _startNs,
            LargestPacket = AcknowledgedPackets.LargestOf(_over, _before, after, _handed, acknowledged),
            Before = _before,
            After = after,
        };
    }
}
