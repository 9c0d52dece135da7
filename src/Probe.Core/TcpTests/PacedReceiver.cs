using System.Buffers;
using System.Text;
using Probe.Core.Conversations;
using Probe.Core.Evidence;
using Probe.Core.Vocabulary;

namespace Probe.Core.TcpTests;

/// <summary>Has a <see cref="TcpResponder"/> send octets at one pacing, and takes its report of what became of them.</summary>
internal sealed class PacedReceiver
{
    private const int ReadSize = 16 * 1024;

    private readonly IConversation _over;
    private readonly TcpPacing _pacing;
    private readonly int _octets;
    private readonly long _startNs;
    private readonly long _untilNs;
    private readonly TcpInfoEvidence _before;
    private readonly ArrayBufferWriter<byte> _received = new();

    /// <summary>Asks for the octets.</summary>
    public PacedReceiver(IConversation over, int octets, TcpPacing pacing, long nowNs, long timeoutNs)
    {
        (_over, _octets, _pacing, _startNs) = (over, octets, pacing, nowNs);

        // The responder gives up by its own clock, and its report has to come over the same path.
        _untilNs = nowNs + 2 * timeoutNs;
        _before = over.Info;
        over.Send(Encoding.ASCII.GetBytes(ResponderProtocol.Request(pacing, octets)));
    }

    /// <summary>Reads what came.</summary>
    /// <returns>What became of the octets; null while they go on.</returns>
    public TcpPacingEvidence? Step(long nowNs, bool stopped)
    {
        while (_over.Receive(_received.GetSpan(ReadSize)) is > 0 and var count)
        {
            _received.Advance(count);
        }

        if (!_over.IsOver && nowNs < _untilNs && !stopped)
        {
            return null;
        }

        var report = ResponderProtocol.ReadReport(_received.WrittenSpan);
        return report?.Pacing == _pacing ? report : new TcpPacingEvidence
        {
            Pacing = _pacing,
            End = stopped ? TcpEnd.Interrupted : _over.IsOver ? _over.End : TcpEnd.Timeout,
            Errno = _over.ErrnoName,
            Octets = _octets,
            Acknowledged = Math.Min(_received.WrittenCount, _octets),
            Loss = null,
            DurationNs = nowNs - _startNs,
            Before = _before,
            After = _over.Info,
        };
    }
}
