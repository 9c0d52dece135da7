using Probe.Core.Probing;

namespace Probe.Core.PathMtu;

/// <content>The order of things on one flow: bounds, what ICMP names, common sizes, narrowing, confirmation.</content>
public sealed partial class PathMtuSearch
{
    private const long FirstWaitNs = 200_000_000;
    private const int SmallProbes = 7;
    private const int Claims = 4;
    private const int Parts = 7;
    private const int MostCopies = 6;
    private const int BelievedLosses = 2;

    private IEnumerable<SizeRound> Script(PathMtuQuestion question)
    {
        var result = new FlowResult(new SizeLedger(question));
        _results.Add(result);
        return Search(result).Concat(CrossCheck(result)).Concat(Locate(result)).Concat(Conclude(result)).Concat(CompareFlows(result));
    }

    /// <summary>Finds the size of one flow and confirms it.</summary>
    private IEnumerable<SizeRound> Search(FlowResult result)
    {
        var ledger = result.Ledger;
        _current = ledger;
        return Bounds(ledger).Concat(Converge(ledger)).Concat(Confirm(result));
    }

    private IEnumerable<SizeRound> Conclude(FlowResult result)
    {
        (result.Sent, result.DurationNs, result.IsOver) = (ProbesSent, ElapsedNs, true);
        yield break;
    }

    /// <summary>The smallest and the largest size at once; a small one again and again until something is answered.</summary>
    private IEnumerable<SizeRound> Bounds(SizeLedger ledger)
    {
        Phase = PathMtuPhase.Bounds;
        var waitNs = FirstWaitNs;
        yield return Round(ledger, [Largest, Smallest], waitNs);
        for (var small = 1; small < SmallProbes && ledger.LargestAnswered == 0; small++)
        {
            waitNs = Math.Min(2 * waitNs, Options.TimeoutNs);
            yield return Round(ledger, [Smallest], waitNs);
        }
    }

    /// <summary>Brings the smallest bad size to the one right above the largest answered one.</summary>
    private IEnumerable<SizeRound> Converge(SizeLedger ledger)
    {
        var tried = new HashSet<int>();
        var (isTableTried, areStepsTried) = (false, false);
        while (ledger.LargestAnswered is > 0 and var answered && answered < Largest && !OutOfProbes)
        {
            if (ledger.SmallestBad is not { } bad)
            {
                yield return Round(ledger, [Largest]);
            }
            else if (NextClaim(ledger, answered, bad, tried) is { } claim)
            {
                Phase = PathMtuPhase.Likely;
                yield return Round(ledger, [.. claim + 1 < bad ? [claim + 1] : Array.Empty<int>(), .. claim > answered ? [claim] : Array.Empty<int>()]);
            }
            else if (bad == answered + 1)
            {
                if (IsBelieved(ledger, bad))
                {
                    yield break;
                }

                yield return Round(ledger, [bad]);
            }
            else if (IsOneByOne(ledger))
            {
                Phase = PathMtuPhase.Narrowing;
                foreach (var round in One(ledger, MiddleOf(answered, bad)))
                {
                    yield return round;
                }
            }
            else if (!isTableTried)
            {
                Phase = PathMtuPhase.Likely;
                isTableTried = true;
                yield return Round(ledger, WithBad(ledger, bad, CommonSizes.Between(answered, bad, Overhead).Where(size => !Options.Target.IsV6 || bad <= 1280 || size >= 1280)));
            }
            else
            {
                Phase = PathMtuPhase.Narrowing;
                var sizes = areStepsTried ? Splits(answered, bad) : Steps(answered, bad);
                areStepsTried = true;
                yield return Round(ledger, WithBad(ledger, bad, sizes));
            }
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
            if (answered < Largest && !(ledger.SmallestBad == bad && IsBelieved(ledger, bad)))
            {
                if (OutOfProbes)
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
                (result.ExactSent, result.ExactNs) = (ProbesSent, ElapsedNs);
            }

            if (answered >= Largest || IsProved(ledger) || ProbesSent + Reserve >= Options.MaxProbes)
            {
                yield break;
            }

            Phase = PathMtuPhase.Confirming;
            foreach (var round in Copies(ledger, answered))
            {
                yield return round;
            }
        }
    }

    /// <summary>Chance does not explain the losses at the size right above the largest answered one, or somebody named exactly that limit.</summary>
    internal bool IsProved(SizeLedger ledger)
    {
        var answered = ledger.LargestAnswered;
        var bad = answered + 1;
        if (answered == 0 || answered >= Largest)
        {
            return answered > 0;
        }

        if (ledger.Count(bad, AskState.TooBigHere) > 0 || ledger.Count(bad, AskState.Refused) >= BelievedLosses
            || ledger.Signals.Any(signal => signal.Ask.Size == bad && signal.InnerMtu == answered && !signal.Implausible))
        {
            return true;
        }

        return AccidentChance(ledger) <= LossBound.ProvedChance;
    }

    /// <summary>The chance that the losses at the deciding size were accidents.</summary>
    internal static double AccidentChance(SizeLedger ledger)
    {
        var (lost, sent) = ledger.Trials();
        var bad = ledger.LargestAnswered + 1;
        return LossBound.Chance(lost, sent, ledger.Count(bad, AskState.Lost) + ledger.Count(bad, AskState.Refused) + ledger.Count(bad, AskState.Rejected));
    }

    /// <summary>Probes kept back for what comes after the search.</summary>
    private int Reserve => (Options.Locate ? 24 : 0) + (4 * Options.OtherFlows);

    private static SizeRound Round(SizeLedger ledger, IEnumerable<int> sizes, long? firstWaitNs = null) =>
        new([.. sizes.OrderDescending().Select(size => new SizeAsk(ledger, size))]) { FirstWaitNs = firstWaitNs };

    /// <summary>Answers to it are throttled: ports refuse by ICMP.</summary>
    private static bool IsOneByOne(SizeLedger ledger) => ledger.Question.Protocol == ProbeProtocol.Udp;

    private static bool IsBelieved(SizeLedger ledger, int bad) =>
        ledger.Count(bad, AskState.Refused) > 0 || ledger.Count(bad, AskState.TooBigHere) > 0
        || ledger.Count(bad, AskState.Lost) + ledger.Count(bad, AskState.Rejected) >= BelievedLosses;

    /// <summary>Sizes, and the smallest bad one once more as long as one accident would explain it.</summary>
    private static IEnumerable<int> WithBad(SizeLedger ledger, int bad, IEnumerable<int> sizes) => IsBelieved(ledger, bad) ? sizes : sizes.Append(bad);

    private static IEnumerable<int> Steps(int answered, int bad)
    {
        var sizes = new SortedSet<int>();
        foreach (var step in CommonSizes.Steps)
        {
            if (answered + step < bad)
            {
                sizes.Add(answered + step);
            }
        }

        sizes.Add(bad - 1);
        return sizes;
    }

    private static IEnumerable<int> Splits(int answered, int bad)
    {
        var room = bad - answered - 1;
        var count = Math.Min(Parts - 1, room);
        for (var i = 1; i <= count; i++)
        {
            yield return answered + (int)(((long)(bad - answered) * i) / (count + 1));
        }
    }

    /// <summary>The next size that somebody named and that was not tested.</summary>
    private int? NextClaim(SizeLedger ledger, int answered, int bad, HashSet<int> tried)
    {
        foreach (var signal in ledger.Signals)
        {
            var claim = signal.InnerMtu;
            if (!signal.Implausible && claim >= answered && claim < bad && (claim + 1 < bad || claim > answered) && claim >= Smallest
                && tried.Count < Claims && tried.Add(claim))
            {
                return claim;
            }
        }

        return null;
    }

    private int MiddleOf(int answered, int bad)
    {
        var common = CommonSizes.Between(answered, bad, Overhead).ToArray();
        return common.Length > 2 ? common[common.Length / 2] : answered + ((bad - answered) / 2);
    }

    /// <summary>Copies of the deciding size with copies of the one below it between them: the path carried traffic while the larger ones died.</summary>
    private IEnumerable<SizeRound> Copies(SizeLedger ledger, int answered)
    {
        var (lost, sent) = ledger.Trials();
        var missing = Math.Max(1, LossBound.Needed(lost, sent) - ledger.Count(answered + 1, AskState.Lost));
        var copies = Math.Min(missing, MostCopies);
        if (IsOneByOne(ledger))
        {
            yield return new SizeRound([.. Enumerable.Repeat(answered + 1, Math.Min(copies, 2)).Select(size => new SizeAsk(ledger, size))]) { IsPatient = true };
            foreach (var round in One(ledger, answered))
            {
                yield return round;
            }

            yield break;
        }

        // Of a burst of SYNs only the first that fits is answered.
        var isMuted = ledger.Question is { Protocol: ProbeProtocol.Tcp, Segment: TcpSegmentKind.Syn };
        var asks = new List<SizeAsk>();
        for (var i = 0; i < copies; i++)
        {
            asks.Add(new SizeAsk(ledger, answered + 1));
            if (!isMuted || i == copies - 1)
            {
                asks.Add(new SizeAsk(ledger, answered));
            }
        }

        yield return new SizeRound(asks) { IsPatient = true };
    }

    /// <summary>One size, when a throttled answerer may speak again.</summary>
    private IEnumerable<SizeRound> One(SizeLedger ledger, int size)
    {
        if (ledger.NextAnswerNs(_nowNs) is var nextNs && nextNs > _nowNs)
        {
            yield return SizeRound.Pause(nextNs);
        }

        yield return Round(ledger, [size]);
    }
}
