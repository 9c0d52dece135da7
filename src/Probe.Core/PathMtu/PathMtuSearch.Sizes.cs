namespace Probe.Core.PathMtu;

/// <content>Which sizes come next, and when one is believed or proved.</content>
public sealed partial class PathMtuSearch
{
    private const int LeastV6 = 1280;
    private const int Claims = 4;
    private const int Parts = 7;
    private const int BelievedLosses = 2;

    // Complaints that are not true, each with its answer lost by chance: at 10 % each way one run in twenty thousand.
    private const int ProvingRefusals = 4;

    /// <summary>
    /// The size right above the largest answered one is no accident: its losses are told from the path's, or routers dropped every larger probe by
    /// their own word and one named exactly this limit.
    /// </summary>
    internal bool IsProved(SizeLedger ledger)
    {
        var answered = ledger.LargestAnswered;
        if (answered == 0 || answered >= Largest)
        {
            return answered > 0;
        }

        return (ledger.Count(answered + 1, AskState.TooBigHere) > 0 && !IsSignalled(ledger)) || (MayRefusalsProve(ledger) && Refusals(ledger) >= ProvingRefusals)
            || AccidentChance(ledger) <= LossBound.ProvedChance;
    }

    /// <summary>
    /// Nothing was lost in silence: every probe above the largest answered size was refused, by the quote of that very probe and with a size that
    /// can be true, and the one right above it with exactly this limit. Who complains and passes packets on all the same is found out by an answer.
    /// </summary>
    private static bool MayRefusalsProve(SizeLedger ledger)
    {
        var answered = ledger.LargestAnswered;
        var isNamed = false;
        foreach (var signal in ledger.Signals)
        {
            if (signal.Ask.Size > answered)
            {
                if (signal.Implausible || signal.InnerMtu < answered || signal.InnerMtu >= signal.Ask.Size)
                {
                    return false;
                }

                isNamed |= signal.Ask.Size == answered + 1;
            }
        }

        return isNamed && ledger.Trials().Lost == 0 && ledger.Asks.All(ask => ask.Size <= answered || ask.State == AskState.Refused);
    }

    private static int Refusals(SizeLedger ledger) => ledger.Asks.Count(ask => ask.Size > ledger.LargestAnswered && ask.State == AskState.Refused);

    /// <summary>The chance that the losses at the deciding size were accidents.</summary>
    internal static double AccidentChance(SizeLedger ledger)
    {
        var (lost, sent) = ledger.Trials();
        var bad = ledger.LargestAnswered + 1;
        return LossBound.Chance(lost, sent, ledger.LossesBeside(bad) + ledger.Count(bad, AskState.Refused));
    }

    private static bool IsBelieved(SizeLedger ledger, int bad) =>
        ledger.Count(bad, AskState.Refused) > 0 || ledger.Count(bad, AskState.TooBigHere) > 0
        || (ledger.Count(bad, AskState.Lost) + ledger.Count(bad, AskState.Rejected) >= BelievedLosses && ledger.LossesBeside(bad) > 0);

    /// <summary>Sizes, and the smallest bad one once more as long as one accident would explain it.</summary>
    private static IEnumerable<int> WithBad(SizeLedger ledger, int bad, IEnumerable<int> sizes) =>
        IsBelieved(ledger, bad) || ledger.Count(bad, AskState.Lost) >= BelievedLosses ? sizes : sizes.Append(bad);

    /// <summary>Common sizes between; those no IPv6 link may fall below only when they are left.</summary>
    private IEnumerable<int> Table(int answered, int bad) =>
        CommonSizes.Between(answered, bad, Overhead).Where(size => !Options.Target.IsV6 || bad <= LeastV6 || size >= LeastV6);

    private static SortedSet<int> Steps(int answered, int bad)
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
    private int? NextClaim(SizeLedger ledger, int answered, int bad)
    {
        foreach (var signal in ledger.Signals)
        {
            var claim = signal.InnerMtu;
            if (!signal.Implausible && claim >= answered && claim < bad && (claim + 1 < bad || claim > answered) && claim >= Smallest
                && ledger.Claims.Count < Claims && ledger.Claims.Add(claim))
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
}
