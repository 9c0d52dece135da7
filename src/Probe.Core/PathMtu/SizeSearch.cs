using System.Diagnostics;
using Probe.Core.Vocabulary;

namespace Probe.Core.PathMtu;

/// <summary>The order of things on one flow: bounds, what ICMP names, common sizes, narrowing, confirmation.</summary>
internal sealed class SizeSearch(SizeRange range, SearchProgress progress)
{
    private const long FirstWaitNs = 200_000_000;
    private const long FirstPauseNs = 50_000_000;
    private const int Recoveries = 6;
    private const int SmallProbes = 7;
    private const int MostCopies = 6;

    private bool _isCutOff;

    /// <summary>What the next round of a search is for.</summary>
    private enum Stage
    {
        /// <summary>A size that somebody named, and the one above it.</summary>
        Claim,

        /// <summary>The largest size: nothing above what is answered is known to be lost.</summary>
        Top,

        /// <summary>Only one size is in question.</summary>
        Decide,

        /// <summary>One size between.</summary>
        Middle,

        /// <summary>Common sizes.</summary>
        Table,

        /// <summary>Sizes right above the largest that is answered.</summary>
        Steps,

        /// <summary>Equal parts.</summary>
        Splits,
    }

    /// <summary>Finds the size of one flow and confirms it.</summary>
    public IEnumerable<SizeRound> Search(FlowResult result)
    {
        var ledger = result.Ledger;
        progress.Current = ledger;
        return Bounds(ledger).Concat(Converge(ledger)).Concat(Confirm(result));
    }

    /// <summary>The smallest and the largest size at once; a small one again and again until something is answered.</summary>
    private IEnumerable<SizeRound> Bounds(SizeLedger ledger)
    {
        progress.Phase = PathMtuPhase.Bounds;
        var waitNs = FirstWaitNs;
        yield return Round(ledger, [range.Largest, range.Smallest], waitNs);
        for (var small = 1; small < SmallProbes && ledger.LargestAnswered == 0; small++)
        {
            waitNs = Math.Min(2 * waitNs, range.Options.TimeoutNs);
            yield return Round(ledger, [range.Smallest], waitNs);
        }
    }

    /// <summary>Brings the smallest bad size to the one right above the largest answered one.</summary>
    private IEnumerable<SizeRound> Converge(SizeLedger ledger)
    {
        while (ledger.LargestAnswered is > 0 and var answered && answered < range.Largest && !IsEnded && !ledger.IsAmbiguous)
        {
            var bad = ledger.SmallestBad ?? int.MaxValue;
            var claim = range.NextClaim(ledger, answered, bad);
            if (bad == answered + 1 && claim is null && SizeProof.IsBelieved(ledger, bad))
            {
                yield break;
            }

            var stage = claim is not null ? Stage.Claim
                : bad == int.MaxValue ? Stage.Top
                : bad == answered + 1 ? Stage.Decide
                : IsOneByOne(ledger) ? Stage.Middle
                : !ledger.IsTableTried ? Stage.Table
                : !ledger.AreStepsTried ? Stage.Steps
                : Stage.Splits;
            progress.Phase = stage is Stage.Claim or Stage.Table ? PathMtuPhase.Likely : PathMtuPhase.Narrowing;
            IEnumerable<int> sizes = stage switch
            {
                Stage.Claim => new[] { claim!.Value + 1, claim.Value }.Where(size => size < bad && size > answered),
                Stage.Top => [range.Largest],
                Stage.Decide => [bad, answered],
                Stage.Middle => [range.MiddleOf(answered, bad)],
                Stage.Table => range.Table(answered, bad),
                Stage.Steps => SizeProof.WithBad(ledger, bad, SizeRange.Steps(answered, bad)),
                Stage.Splits => SizeProof.WithBad(ledger, bad, SizeRange.Splits(answered, bad)),
                _ => throw new UnreachableException($"nobody said which sizes {stage} asks for"),
            };
            foreach (var round in Carry(ledger, answered, sizes))
            {
                yield return round;
            }

            ledger.IsTableTried |= stage == Stage.Table;
            ledger.AreStepsTried |= stage == Stage.Steps;
        }
    }

    /// <summary>
    /// Asks for sizes, where answers are throttled as soon as there may be one: of those that get there the largest tells enough.
    /// </summary>
    private IEnumerable<SizeRound> Carry(SizeLedger ledger, int answered, IEnumerable<int> sizes)
    {
        var pause = IsOneByOne(ledger) ? Throttle(ledger) : [];
        return pause.Concat(
            Recover(ledger, Round(ledger, ledger.IsMuting && ledger.IsQuiet ? sizes.Append(answered).Distinct() : sizes), answered));
    }

    /// <summary>
    /// A round, and after one in which not even what gets there was answered the time until it is again: in an outage, or while a host is
    /// mute about a flow whose reset was lost. What was lost meanwhile tells nothing.
    /// </summary>
    private IEnumerable<SizeRound> Recover(SizeLedger ledger, SizeRound asked, int answered)
    {
        yield return asked;
        for (var i = 0; i < Recoveries && asked.Asks.Any(ask => ask.Size <= answered)
            && asked.Asks.All(ask => ask.State is AskState.Lost or AskState.Void); i++)
        {
            ledger.VoidSinceAnswered();
            yield return SizeRound.Pause(progress.NowNs + Math.Min(FirstPauseNs << i, range.Options.TimeoutNs));
            asked = new SizeRound([new SizeAsk(ledger, answered)]) { IsPatient = true, WaitsForAll = true };
            yield return asked;
            _isCutOff = i == Recoveries - 1 && asked.Asks[0].State != AskState.Answered;
        }
    }

    /// <summary>Repeats the deciding size and the one below it until chance is no explanation.</summary>
    private IEnumerable<SizeRound> Confirm(FlowResult result)
    {
        var ledger = result.Ledger;
        var exact = 0;
        while (ledger.LargestAnswered is > 0 and var answered)
        {
            var bad = answered + 1;
            if (answered < range.Largest && !(ledger.SmallestBad == bad && SizeProof.IsBelieved(ledger, bad)))
            {
                if (IsEnded || ledger.IsAmbiguous)
                {
                    yield break;
                }

                foreach (var round in Converge(ledger))
                {
                    yield return round;
                }

                continue;
            }

            if (exact != answered)
            {
                exact = answered;
                (result.ExactSent, result.ExactNs) = (progress.ProbesSent, progress.ElapsedNs);
            }

            // What this host does not send, because of its device or because it believed a router, it does not send again either.
            if (answered >= range.Largest || IsEnded || ledger.Count(bad, AskState.TooBigHere) > 0
                || SizeProof.IsProved(ledger, range.Largest) || progress.ProbesSent + Reserve >= range.Options.MaxProbes)
            {
                yield break;
            }

            progress.Phase = PathMtuPhase.Confirming;
            foreach (var round in Copies(ledger, answered))
            {
                yield return round;
            }
        }
    }

    /// <summary>Nothing more is to be learned: the ceiling, or a target that answered and fell silent.</summary>
    private bool IsEnded => progress.OutOfProbes || _isCutOff;

    /// <summary>Probes kept back for what comes after the search.</summary>
    private int Reserve => (range.Options.Locate ? 24 : 0) + (4 * range.Options.OtherFlows);

    /// <summary>A round of sizes, larger ones first.</summary>
    public static SizeRound Round(SizeLedger ledger, IEnumerable<int> sizes, long? firstWaitNs = null) =>
        new([.. sizes.OrderDescending().Select(size => new SizeAsk(ledger, size))]) { FirstWaitNs = firstWaitNs };

    /// <summary>Answers to it are throttled: ports refuse by ICMP.</summary>
    private static bool IsOneByOne(SizeLedger ledger) => ledger.Question.Protocol == ProbeProtocol.Udp;

    /// <summary>
    /// Copies of the deciding size with copies of the one below it between them: the path carried traffic while the larger ones died.
    /// </summary>
    private IEnumerable<SizeRound> Copies(SizeLedger ledger, int answered)
    {
        if (SizeProof.MayRefusalsProve(ledger))
        {
            // Few are enough; where they are answered all the same, the answers come after as long as the slowest one took.
            var refusals = Enumerable.Range(SizeProof.Refusals(ledger), SizeProof.ProvingRefusals - SizeProof.Refusals(ledger))
                .Select(_ => new SizeAsk(ledger, answered + 1));
            return [new SizeRound([.. refusals]) { WaitsForRefused = true }];
        }

        var (lost, sent) = ledger.Trials();
        var missing = Math.Max(1, LossBound.Needed(lost, sent) - ledger.LossesBeside(answered + 1));
        var copies = Math.Min(missing, MostCopies);

        // Of a burst of SYNs, and of throttled refusals, one answer is all there may be.
        var isOne = ledger.IsMuting || IsOneByOne(ledger);
        var asks = new List<SizeAsk>();
        for (var i = 0; i < copies; i++)
        {
            asks.Add(new SizeAsk(ledger, answered + 1));
            if (!isOne || i == copies - 1)
            {
                asks.Add(new SizeAsk(ledger, answered));
            }
        }

        var pause = IsOneByOne(ledger) ? Throttle(ledger) : [];
        return pause.Concat(Recover(ledger, new SizeRound(asks) { IsPatient = true }, answered));
    }

    /// <summary>Waits until a host that limits its answers may answer again.</summary>
    private IEnumerable<SizeRound> Throttle(SizeLedger ledger)
    {
        if (ledger.NextAnswerNs(progress.NowNs) is var nextNs && nextNs > progress.NowNs)
        {
            yield return SizeRound.Pause(nextNs);
        }
    }
}
