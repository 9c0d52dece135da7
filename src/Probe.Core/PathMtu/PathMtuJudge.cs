using Probe.Core.Vocabulary;

namespace Probe.Core.PathMtu;

/// <summary>What one flow's sizes and signals mean.</summary>
/// <param name="Verdict">What limits.</param>
/// <param name="Confidence">How sure the size is.</param>
/// <param name="Mtu">The size; null when unknown.</param>
/// <param name="Reason">Why, where the verdict does not say it.</param>
/// <param name="Deciding">The signal that the verdict rests on; null for none.</param>
internal readonly record struct PathMtuJudgement(
    PathMtuVerdict Verdict, Confidence Confidence, int? Mtu, PathMtuReason? Reason = null, SizeSignal? Deciding = null);

/// <summary>Judges what a search has seen.</summary>
internal static class PathMtuJudge
{
    // Above it a size that was not confirmed is not called found.
    private const double MostChance = 0.01;

    public static PathMtuJudgement Judge(PathMtuSearch search, FlowResult result)
    {
        if (result.Like is { } searched)
        {
            var judged = Judge(search, searched);
            return judged with { Confidence = (Confidence)Math.Min((int)judged.Confidence, (int)Confidence.Likely) };
        }

        var ledger = result.Ledger;
        if (ledger.LargestAnswered == 0)
        {
            return result.IsOver || search.SendError is not null
                ? NotAnswering(ledger) : new PathMtuJudgement(PathMtuVerdict.Unstable, Confidence.Hint, null, PathMtuReason.Interrupted);
        }

        if (search.Options.AskedFromOutside && ledger.Question.Proof != PathMtuProof.SynPayload)
        {
            return ledger.LargestAnswered >= search.Largest
                ? new PathMtuJudgement(PathMtuVerdict.NotAnswering, Confidence.Hint, null, PathMtuReason.NoProof)
                : Limited(search, result) with { Confidence = Confidence.Hint };
        }

        if (ledger.LargestAnswered >= search.Largest)
        {
            var isWeak = IsWeak(search, result);
            PathMtuReason? reason = isWeak ? PathMtuReason.NoProof : null;
            if (result.Returning is not null)
            {
                // The other way is another flow: it may go by another path, too.
                return new PathMtuJudgement(PathMtuVerdict.ReturnPath, Confidence.Likely, ledger.LargestAnswered, reason);
            }

            return new PathMtuJudgement(PathMtuVerdict.Clear, isWeak ? Confidence.Hint : Confidence.Proved, ledger.LargestAnswered, reason);
        }

        return Limited(search, result);
    }

    /// <summary>
    /// A load balancer would answer so itself, whatever its tunnels carry: such an answer alone proves nothing about them.
    /// </summary>
    private static bool IsWeak(PathMtuSearch search, FlowResult result) =>
        search.Options.Via.IsEmpty && !result.Ledger.IsServed && result.ConfirmedBy != PathMtuProof.SynPayload;

    /// <summary>Who says it; the address probed is the entry of a tunnel, this host its own device.</summary>
    public static PathMtuRole RoleOf(PathMtuOptions options, in SizeSignal signal)
    {
        var from = signal.From;
        if (from == options.Source || options.Via.Layers.Any(layer => !layer.Source.IsNone && layer.Source == from))
        {
            return PathMtuRole.ThisHost;
        }

        return from == options.Target ? PathMtuRole.TunnelEntry : PathMtuRole.Router;
    }

    private static PathMtuJudgement NotAnswering(SizeLedger ledger)
    {
        foreach (var ask in ledger.Asks)
        {
            if (ask.State == AskState.Rejected && !ask.From.IsNone)
            {
                return new PathMtuJudgement(PathMtuVerdict.NotAnswering, Confidence.Proved, null, ReasonOf(ask.Kind));
            }
        }

        return new PathMtuJudgement(PathMtuVerdict.NotAnswering, Confidence.Likely, null, PathMtuReason.Silence);
    }

    private static PathMtuReason ReasonOf(ReplyKind kind) => kind switch
    {
        ReplyKind.ProtocolUnreachable => PathMtuReason.ProtocolUnreachable,
        ReplyKind.PortUnreachable => PathMtuReason.PortUnreachable,
        ReplyKind.HostUnreachable => PathMtuReason.HostUnreachable,
        ReplyKind.NetworkUnreachable => PathMtuReason.NetworkUnreachable,
        ReplyKind.AdminProhibited => PathMtuReason.AdminProhibited,
        ReplyKind.ParameterProblem => PathMtuReason.ParameterProblem,
        ReplyKind.Reset => PathMtuReason.Reset,
        ReplyKind.OtherUnreachable or ReplyKind.TimeExceeded or ReplyKind.SourceQuench or ReplyKind.FragmentationNeeded
            or ReplyKind.PacketTooBig or ReplyKind.EchoReply or ReplyKind.SynAck or ReplyKind.UdpReply => PathMtuReason.Unreachable,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, message: null),
    };

    private static PathMtuJudgement Limited(PathMtuSearch search, FlowResult result)
    {
        var ledger = result.Ledger;
        var (mtu, bad) = (ledger.LargestAnswered, ledger.LargestAnswered + 1);
        if (ledger.IsAmbiguous)
        {
            return new PathMtuJudgement(PathMtuVerdict.Unstable, Confidence.Hint, null, PathMtuReason.AmbiguousAnswers);
        }

        var isProved = SizeProof.IsProved(ledger, search.Largest);
        if (ledger.SmallestBad != bad)
        {
            return new PathMtuJudgement(PathMtuVerdict.Unstable, Confidence.Hint, null,
                search.OutOfProbes ? PathMtuReason.MaxProbes
                : IsCutHere(ledger) ? PathMtuReason.CannotSend
                : result.IsOver ? PathMtuReason.Silence
                : PathMtuReason.Interrupted);
        }

        if (!isProved && !SizeProof.IsSignalled(ledger) && SizeProof.AccidentChance(ledger) > MostChance)
        {
            return new PathMtuJudgement(PathMtuVerdict.Unstable, Confidence.Hint, null, PathMtuReason.Loss);
        }

        var confidence = isProved && !IsWeak(search, result) ? Confidence.Proved : Confidence.Likely;
        PathMtuReason? reason = search.Options.Target.IsV6 && mtu < SizeRange.LeastV6 ? PathMtuReason.Below1280 : null;
        if (Find(ledger, signal => !signal.Implausible && signal.InnerMtu == mtu) is { } truth)
        {
            return new PathMtuJudgement(PathMtuVerdict.Signalled, confidence, mtu, reason, truth);
        }

        if (ledger.IsLimitedHere)
        {
            return new PathMtuJudgement(PathMtuVerdict.Signalled, confidence, mtu,
                ledger.Count(bad, AskState.TooBigHere) > 0 ? reason : PathMtuReason.LocalRule);
        }

        // What was said about the deciding size itself weighs most; then what cannot be true.
        if ((Find(ledger, signal => signal.Ask.Size == bad)
            ?? Find(ledger, signal => signal.Ask.Size > mtu && (signal.Implausible || signal.InnerMtu < mtu))) is { } wrong)
        {
            return new PathMtuJudgement(PathMtuVerdict.WrongSignal, confidence, mtu, reason, wrong);
        }

        // Routers' answers stay small: where they end, it is the way there that ends.
        if (ledger.Question.Protocol == ProbeProtocol.Icmp && result.ConfirmedBy is null && result.Place is null)
        {
            return new PathMtuJudgement(PathMtuVerdict.BlackHole, Confidence.Hint, mtu, PathMtuReason.ReplyPath);
        }

        return new PathMtuJudgement(PathMtuVerdict.BlackHole, confidence, mtu, reason);
    }

    /// <summary>In the end this host did not let anything leave.</summary>
    private static bool IsCutHere(SizeLedger ledger) => ledger.Asks is [.., { IsLostHere: true }];

    private static SizeSignal? Find(SizeLedger ledger, Func<SizeSignal, bool> fits)
    {
        foreach (var signal in ledger.Signals)
        {
            if (fits(signal))
            {
                return signal;
            }
        }

        return null;
    }
}
