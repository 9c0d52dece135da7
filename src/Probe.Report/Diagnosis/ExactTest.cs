namespace Probe.Report.Diagnosis;

/// <summary>Fisher's exact test, one-sided.</summary>
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
