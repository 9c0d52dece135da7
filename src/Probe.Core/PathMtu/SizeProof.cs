namespace Probe.Core.PathMtu;

/// <summary>When a size is believed, and when it is proved.</summary>
internal static class SizeProof
{
    private const int BelievedLosses = 2;

    /// <summary>Complaints that are not true, each with its answer lost by chance: at 10 % each way one run in twenty thousand.</summary>
    public const int ProvingRefusals = 4;

    /// <summary>
    /// That the size right above the largest answered one fails is no accident: more of its probes were lost than the path loses anyway, or
    /// routers said that they dropped every larger probe and one named exactly this limit.
    /// </summary>
    public static bool IsProved(SizeLedger ledger, int largest)
    {
        var answered = ledger.LargestAnswered;
        if (answered == 0 || answered >= largest)
        {
            return answered > 0;
        }

        return (ledger.Count(answered + 1, AskState.TooBigHere) > 0 && !IsSignalled(ledger))
            || (MayRefusalsProve(ledger) && Refusals(ledger) >= ProvingRefusals)
            || AccidentChance(ledger) <= LossBound.ProvedChance;
    }

    /// <summary>
    /// Nothing was lost in silence: every probe above the largest answered size was refused, by the quote of that very probe and with a
    /// size that can be true, and the one right above it with exactly this limit. Who complains and passes packets on all the same is found
    /// out by an answer.
    /// </summary>
    public static bool MayRefusalsProve(SizeLedger ledger)
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

    /// <summary>Probes above the largest answered size that were refused.</summary>
    public static int Refusals(SizeLedger ledger) =>
        ledger.Asks.Count(ask => ask.Size > ledger.LargestAnswered && ask.State == AskState.Refused);

    /// <summary>The chance that the losses at the deciding size were accidents.</summary>
    public static double AccidentChance(SizeLedger ledger)
    {
        var (lost, sent) = ledger.Trials();
        var bad = ledger.LargestAnswered + 1;
        return LossBound.Chance(lost, sent, ledger.LossesBeside(bad) + ledger.Count(bad, AskState.Refused));
    }

    /// <summary>The smallest bad size is more than one accident.</summary>
    public static bool IsBelieved(SizeLedger ledger, int bad) =>
        ledger.Count(bad, AskState.Refused) > 0 || ledger.Count(bad, AskState.TooBigHere) > 0
        || (ledger.Count(bad, AskState.Lost) + ledger.Count(bad, AskState.Rejected) >= BelievedLosses && ledger.LossesBeside(bad) > 0);

    /// <summary>Sizes, and the smallest bad one once more as long as one accident would explain it.</summary>
    public static IEnumerable<int> WithBad(SizeLedger ledger, int bad, IEnumerable<int> sizes) =>
        IsBelieved(ledger, bad) || ledger.Count(bad, AskState.Lost) >= BelievedLosses ? sizes : sizes.Append(bad);

    /// <summary>Somebody named exactly the limit found.</summary>
    public static bool IsSignalled(SizeLedger ledger) =>
        ledger.Signals.Any(signal => !signal.Implausible && signal.InnerMtu == ledger.LargestAnswered);
}
