namespace Probe.Core.PathMtu;

/// <summary>How much loss a path may have, judged by the losses counted in one run.</summary>
internal static class LossBound
{
    /// <summary>The chance that losses at the deciding size were accidents, below which a size counts as proved.</summary>
    public const double ProvedChance = 1e-6;

    private const double Doubt = 0.05;
    private const int Halvings = 40;

    /// <summary>Upper end of the one-sided 95 % confidence interval of the loss (Clopper and Pearson).</summary>
    /// <param name="lost">Probes lost.</param>
    /// <param name="sent">Of so many.</param>
    public static double Upper(int lost, int sent)
    {
        if (lost >= sent)
        {
            return 1;
        }

        var (low, high) = ((double)lost / sent, 1d);
        for (var i = 0; i < Halvings; i++)
        {
            var middle = (low + high) / 2;
            (low, high) = AtMost(lost, sent, middle) > Doubt ? (middle, high) : (low, middle);
        }

        return high;
    }

    /// <summary>The chance that this many probes are all lost by accident.</summary>
    public static double Chance(int lost, int sent, int losses) => Math.Pow(Upper(lost, sent), losses);

    /// <summary>How many losses at the deciding size prove it; <see cref="int.MaxValue"/> when none do.</summary>
    public static int Needed(int lost, int sent) =>
        Upper(lost, sent) is < 1 and var loss ? (int)Math.Ceiling(Math.Log(ProvedChance) / Math.Log(loss)) : int.MaxValue;

    private static double AtMost(int lost, int sent, double loss)
    {
        // The first term, and each next one of it.
        var term = Math.Pow(1 - loss, sent);
        var sum = term;
        for (var i = 1; i <= lost; i++)
        {
            term *= (sent - i + 1) / (double)i * loss / (1 - loss);
            sum += term;
        }

        return sum;
    }
}
