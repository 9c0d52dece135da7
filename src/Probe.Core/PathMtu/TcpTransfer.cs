using System.Text;
using Probe.Core.Conversations;
using Probe.Core.Evidence;
using Probe.Core.Vocabulary;

namespace Probe.Core.PathMtu;

/// <summary>
/// The same octets over one connection each, spaced, in pairs and in bulk: what dies only in company was merged on the way, and what merged it
/// loses it. The download direction needs a <see cref="TcpResponder"/> at the target. Runs on the calling thread.
/// </summary>
public static class TcpTransfer
{
    /// <summary>Most octets of one connection: three each way and a stall test stay within the 256 KiB of a run.</summary>
    public const int MaxOctets = 32_000;

    // 22 full Ethernet segments are as much as the octets allow; of tiny segments this many are enough.
    private const int MaxSegments = 40;

    /// <summary>Sends to the target.</summary>
    /// <param name="options">Whom and what.</param>
    /// <param name="stop">Ends it; what was seen until then is returned.</param>
    /// <exception cref="Linux.LinuxException">A socket could not be made as asked.</exception>
    public static TcpTransferEvidence Upload(TcpTestOptions options, CancellationToken stop = default) => Run(options, TcpDirection.Upload, stop);

    /// <summary>Has a responder of ours at the target send.</summary>
    /// <inheritdoc cref="Upload"/>
    public static TcpTransferEvidence Download(TcpTestOptions options, CancellationToken stop = default) => Run(options, TcpDirection.Download, stop);

    private static TcpTransferEvidence Run(TcpTestOptions options, TcpDirection direction, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(options);
        using var loop = new ConversationLoop(stop);
        var pacings = new List<TcpPacingEvidence>();

        // Spaced first: it also teaches the host the path MTU, if there is one to learn, so that the others are not disturbed by it.
        foreach (var pacing in (ReadOnlySpan<TcpPacing>)[TcpPacing.Spaced, TcpPacing.Pairs, TcpPacing.Bulk])
        {
            if (loop.IsStopped)
            {
                break;
            }

            using var conversation = loop.Connect(options.To, ConversationLoop.NowNs + options.ConnectTimeoutNs);
            if (!conversation.IsConnected)
            {
                pacings.Add(new TcpPacingEvidence
                {
                    Pacing = pacing, Errno = conversation.ErrnoName, Loss = null,
                    End = loop.IsStopped ? TcpEnd.Interrupted : conversation.IsOver ? conversation.End : TcpEnd.Timeout,
                });
                break;
            }

            pacings.Add(direction == TcpDirection.Upload ? Send(loop, conversation, options, pacing) : Fetch(loop, conversation, options, pacing));
        }

        var (verdict, confidence, reason) = TransferJudge.Judge(direction, pacings);
        return new TcpTransferEvidence
        {
            Direction = direction,
            Port = options.To.Port,
            Payload = direction == TcpDirection.Upload ? options.Payload.Name : TcpPayload.Zeros.Name,
            Verdict = verdict,
            Confidence = confidence,
            Reason = reason,
            Pacings = pacings,
        };
    }

    private static TcpPacingEvidence Send(ConversationLoop loop, TcpConversation over, TcpTestOptions options, TcpPacing pacing)
    {
        var payload = options.Payload.Make(Math.Min(MaxOctets, MaxSegments * over.SegmentSize));
        var sender = new PacedSender(over, payload, pacing, ConversationLoop.NowNs, options.TransferTimeoutNs);
        while (true)
        {
            sender.Step(ConversationLoop.NowNs, loop.IsStopped);
            if (sender.Result is { } result)
            {
                return result;
            }

            loop.Wait(PacedSender.StepNs);
            loop.Drain(over);
        }
    }

    private static TcpPacingEvidence Fetch(ConversationLoop loop, TcpConversation over, TcpTestOptions options, TcpPacing pacing)
    {
        var octets = Math.Min(MaxOctets, MaxSegments * over.SegmentSize);
        var started = ConversationLoop.NowNs;
        var before = over.Info;
        over.Send(Encoding.ASCII.GetBytes(ResponderProtocol.Request(pacing, octets)));

        // The responder gives up by its own clock, and its report has to come over the same path.
        var until = started + 2 * options.TransferTimeoutNs;
        var received = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (!over.IsOver && ConversationLoop.NowNs < until && !loop.IsStopped)
        {
            loop.Wait(PacedSender.StepNs);
            while (over.Receive(buffer) is > 0 and var count)
            {
                received.Write(buffer, 0, count);
            }
        }

        var end = loop.IsStopped ? TcpEnd.Interrupted : over.IsOver ? over.End : TcpEnd.Timeout;
        return ResponderProtocol.ReadReport(received.GetBuffer().AsSpan(0, (int)received.Length)) is { } report && report.Pacing == pacing
            ? report
            : new TcpPacingEvidence
            {
                Pacing = pacing, End = end, Errno = over.ErrnoName, Octets = octets, Acknowledged = (int)Math.Min(received.Length, octets), Loss = null,
                DurationNs = ConversationLoop.NowNs - started, Before = before, After = over.Info,
            };
    }
}
