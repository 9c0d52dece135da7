using Probe.Core.Conversations;
using Probe.Core.Evidence;
using Probe.Core.Vocabulary;

namespace Probe.Core.TcpTests;

/// <summary>The steps of <see cref="TcpTransfer"/>: for each pacing one connection is opened, carries the octets, and is closed.</summary>
internal sealed class TcpTransferTest(TcpTestOptions options, TcpDirection direction, ITcpStack stack) : IConversationTest, IDisposable
{
    // 22 full Ethernet segments are as much as the octets allow; of tiny segments this many are enough.
    private const int MaxSegments = 40;

    // Spaced first: it also teaches the host the path MTU, if there is one to learn, so that the others are not disturbed by it.
    private static readonly TcpPacing[] Order = [TcpPacing.Spaced, TcpPacing.Pairs, TcpPacing.Bulk];

    private readonly List<TcpPacingEvidence> _pacings = [];
    private Opening? _opening;
    private PacedSender? _sender;
    private PacedReceiver? _receiver;

    private TcpPacing Pacing => Order[_pacings.Count];

    /// <inheritdoc/>
    public long? Step(long nowNs, bool stopped)
    {
        while (true)
        {
            if (_opening is null)
            {
                if (stopped || _pacings.Count == Order.Length)
                {
                    return null;
                }

                _opening = new Opening(stack, options.To, options.ConnectTimeoutNs);
            }

            if (_opening.End is null)
            {
                _opening.Step(nowNs, stopped);
                if (_opening.End is null)
                {
                    return nowNs + Opening.StepNs;
                }

                if (!_opening.IsConnected)
                {
                    Add(new TcpPacingEvidence { Pacing = Pacing, Errno = _opening.Over.ErrnoName, Loss = null, End = _opening.End.Value });
                    return null;
                }

                Begin(_opening.Over, nowNs);
            }

            if (StepTransfer(_opening.Over, nowNs, stopped) is not { } result)
            {
                return nowNs + PacedSender.StepNs;
            }

            Add(result);
        }
    }

    /// <summary>What was found out.</summary>
    public TcpTransferEvidence Conclude()
    {
        var (verdict, confidence, reason) = TransferJudge.Judge(direction, _pacings);
        return new TcpTransferEvidence
        {
            Direction = direction,
            Port = options.To.Port,
            Payload = direction == TcpDirection.Upload ? options.Payload.Name : TcpPayload.Zeros.Name,
            Verdict = verdict,
            Confidence = confidence,
            Reason = reason,
            Pacings = _pacings,
        };
    }

    /// <inheritdoc/>
    public void Dispose() => _opening?.Over.Dispose();

    private void Begin(IConversation over, long nowNs)
    {
        var octets = Math.Min(TcpTransfer.MaxOctets, MaxSegments * over.SegmentSize);
        if (direction == TcpDirection.Upload)
        {
            _sender = new PacedSender(over, options.Payload.Make(octets), Pacing, nowNs, options.TransferTimeoutNs);
        }
        else
        {
            _receiver = new PacedReceiver(over, octets, Pacing, nowNs, options.TransferTimeoutNs);
        }
    }

    private TcpPacingEvidence? StepTransfer(IConversation over, long nowNs, bool stopped)
    {
        if (_receiver is not null)
        {
            return _receiver.Step(nowNs, stopped);
        }

        over.Discard();
        _sender!.Step(nowNs, stopped);
        return _sender.Result;
    }

    private void Add(TcpPacingEvidence pacing)
    {
        _pacings.Add(pacing);
        _opening!.Over.Dispose();
        (_opening, _sender, _receiver) = (null, null, null);
    }
}
