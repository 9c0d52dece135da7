using Probe.Core.Conversations;
using Probe.Core.Evidence;
using Probe.Core.Host;
using Probe.Core.Vocabulary;

namespace Probe.Core.PathMtu;

/// <summary>
/// Provokes the stall of connections whose path MTU is learned while they are open. A, B and C are opened first; A fills a segment and so
/// teaches the host the path MTU; B then builds its segments by the old one, its own kernel refuses them, nothing is on its way that an
/// acknowledgment could come for, and only the persist timer sends again, after 200 ms or more. D, opened afterwards, knows better. The host's
/// route cache is changed by design. Runs on the calling thread.
/// </summary>
public static class TcpStall
{
    // Four connections of these, beside two transfers, stay within the 256 KiB of a run; a jumbo segment is filled by them too.
    private const int MaxOctets = 17_000;
    private const int TcpAndIPv4 = 40;
    private const int TcpAndIPv6 = 60;

    /// <summary>Runs the test.</summary>
    /// <param name="options">Whom and what.</param>
    /// <param name="stop">Ends it; what was seen until then is returned.</param>
    /// <exception cref="Linux.LinuxException">A socket could not be made as asked, or there is no route.</exception>
    public static TcpStallEvidence Run(TcpTestOptions options, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (Known(options.To) is { } before)
        {
            // A connection opened now negotiates by what is known already, and looks healthy.
            return Outcome(options, TcpStallVerdict.CannotTell,
                $"the path MTU {before.LearnedMtu} is learned already; wait {before.ExpiresSeconds ?? 0} s until it is forgotten, or test another address of the service") with { Learned = before };
        }

        using var loop = new ConversationLoop(stop);
        var talks = new List<StallTalk>();
        try
        {
            foreach (var name in (ReadOnlySpan<string>)["A", "B", "C"])
            {
                var talk = new StallTalk(name, loop, options);
                talks.Add(talk);
                if (!talk.IsConnected)
                {
                    return Outcome(options, TcpStallVerdict.NotAnswering, $"no connection: {talk.Evidence.End.Word()}{(talk.Over.ErrnoName is { } errno ? $", {errno}" : "")}") with { Connections = [.. talks.Select(item => item.Evidence)] };
                }
            }

            using var witness = new StallWitness(options.To);
            talks.ForEach(talk => witness.Mind(talk.LocalPort));
            var outcome = Provoke(options, loop, talks, witness);
            witness.Look();
            var learned = Known(options.To);
            return outcome with
            {
                Connections = [.. talks.Select(talk => talk.Evidence)],
                Learned = learned,
                FittingMss = learned is null ? null : learned.LearnedMtu - (options.To.Target.IsV4 ? TcpAndIPv4 : TcpAndIPv6),
                SelfIcmp = witness.SelfIcmp,
                PathIcmp = witness.PathIcmp,
                PathIcmpFrom = witness.PathIcmpFrom,
            };
        }
        finally
        {
            talks.ForEach(talk => talk.Dispose());
        }
    }

    private static PathMtuException? Known(TcpConversationOptions to) => PathMtuExceptions.For(to.Target, to.Source, to.Interface, to.Mark);

    private static TcpStallEvidence Provoke(TcpTestOptions options, ConversationLoop loop, List<StallTalk> talks, StallWitness witness)
    {
        var (teacher, late, spare) = (talks[0], talks[1], talks[2]);
        var segment = teacher.Over.SegmentSize;
        var message = options.Payload.Make(Math.Min(MaxOctets, segment * 11 / 4));
        if (message.Length <= segment || message.Length > MaxOctets)
        {
            return Outcome(options, TcpStallVerdict.CannotTell, $"{message.Length} octets of {options.Payload.Name} do not fill a segment of {segment}, or are more than {MaxOctets}");
        }

        teacher.Say(message, options.TransferTimeoutNs, enough: () => teacher.LearnedSmaller);
        if (!teacher.LearnedSmaller)
        {
            return teacher.IsAcknowledged
                ? Outcome(options, TcpStallVerdict.NotLearned, "full segments were acknowledged, and the path MTU stayed as it was")
                : Outcome(options, TcpStallVerdict.CannotTell, $"connection A {teacher.Evidence.End.Word()} without an acknowledgment and without a smaller path MTU: a silent black hole looks so");
        }

        late.Say(message, options.TransferTimeoutNs);
        var stalled = late;
        if (!late.Stalled && !loop.IsStopped)
        {
            spare.Say(message, options.TransferTimeoutNs);
            stalled = spare.Stalled ? spare : late;
        }

        // Before D: it neither refuses nor is refused anything.
        var moved = witness.Moved;
        if (!loop.IsStopped)
        {
            var knowing = new StallTalk("D", loop, options);
            talks.Add(knowing);
            witness.Mind(knowing.LocalPort);
            if (knowing.IsConnected)
            {
                knowing.Say(message, options.TransferTimeoutNs);
            }
        }

        witness.Look();
        return loop.IsStopped && !stalled.Stalled
            ? Outcome(options, TcpStallVerdict.CannotTell, "stopped before its end") with { Counters = moved }
            : Conclude(options, stalled, witness, moved);
    }

    private static TcpStallEvidence Conclude(TcpTestOptions options, StallTalk late, StallWitness witness, IReadOnlyDictionary<string, long> moved)
    {
        var v4 = options.To.Target.IsV4;
        var (refused, told) = (StallWitness.Refused(moved, v4), StallWitness.Told(moved, v4));
        if (!late.Stalled)
        {
            return Outcome(options, late.IsAcknowledged ? TcpStallVerdict.NoStall : TcpStallVerdict.CannotTell, late.IsAcknowledged
                ? "a smaller path MTU was learned, and the connections opened before it sent on at once; so they do also when an earlier entry was flushed and is only renewed"
                : "a smaller path MTU was learned, and the connection opened before it was not acknowledged for another reason") with { Counters = moved };
        }

        // The fingerprint alone has few other readings; that this host refused its own segment has none.
        var proved = late.Persist && ((refused > 0 && refused == told) || witness.SelfIcmp > 0);
        return Outcome(options, TcpStallVerdict.Stall) with
        {
            Confidence = proved ? Confidence.Proved : Confidence.Likely,
            StallNs = late.StallNs,
            Counters = moved,
        };
    }

    private static TcpStallEvidence Outcome(TcpTestOptions options, TcpStallVerdict verdict, string? reason = null) => new()
    {
        Port = options.To.Port,
        Payload = options.Payload.Name,
        Verdict = verdict,
        Confidence = verdict is TcpStallVerdict.NotLearned or TcpStallVerdict.NoStall or TcpStallVerdict.NotAnswering ? Confidence.Likely : Confidence.Hint,
        Reason = reason,
    };
}
