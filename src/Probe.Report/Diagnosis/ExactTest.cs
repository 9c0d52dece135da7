namespace Probe.Report.Diagnosis;

/// <summary>Exact tests, one-sided: Fisher's for a part of all, and the binomial one.</summary>
internal static class ExactTest
{
    /// <summary>
    /// The chance that a random part of all would hold at least so many of the lost: of <paramref name="all"/> probes or flows
    /// <paramref name="lost"/> are lost in all, the part has <paramref name="part"/> and <paramref name="lostInPart"/> of them.
    /// </summary>
    public static double Chance(int part, int lostInPart, int all, int lost)
    {
        var chance = 0.0;
        for (var hits = lostInPart; hits <= Math.Min(part, lost); hits++)
        {
            if (part - hits <= all - lost)
            {
                chance += Math.Exp(LogChoose(lost, hits) + LogChoose(all - lost, part - hits) - LogChoose(all, part));
            }
        }

        return Math.Min(1, chance);
    }

    /// <summary>The chance of at least so many hits in independent trials of one probability.</summary>
    public static double AtLeast(int hits, int trials, double probability)
    {
        var chance = 0.0;
        for (var i = hits; i <= trials; i++)
        {
            chance += Math.Exp(LogChoose(trials, i) + i * Math.Log(probability) + (trials - i) * Math.Log(1 - probability));
        }

        return Math.Min(1, chance);
    }

    private static double LogChoose(int n, int k)
    {
        var sum = 0.0;
        for (var i = 1; i <= Math.Min(k, n - k); i++)
        {
            sum += Math.Log((double)(n - Math.Min(k, n - k) + i) / i);
        }

        return sum;
    }
}
