namespace Probe.Bench.Health;

/// <summary>Ratios of paired runs: their median and, from nine pairs on, its 96 % interval by order statistics (second smallest to second largest).</summary>
internal readonly record struct Ratios(double Median, double Low, double High)
{
    private const int EnoughForInterval = 9;

    public static Ratios Of(IReadOnlyList<double> values, IReadOnlyList<double> references)
    {
        var sorted = values.Zip(references, (value, reference) => value / reference).Order().ToList();
        var edge = sorted.Count >= EnoughForInterval ? 1 : 0;
        return new(MedianOf(sorted), sorted[edge], sorted[^(edge + 1)]);
    }

    public static double MedianOf(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted[sorted.Count / 2];
    }
}
