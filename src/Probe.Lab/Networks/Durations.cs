namespace Probe.Lab.Networks;

/// <summary>Durations counted in steps of 10 µs, up to a second; adding one allocates nothing.</summary>
public sealed class Durations
{
    private const long StepNs = 10_000;

    private readonly int[] _steps = new int[100_000];
    private long _count;

    /// <summary>Counts one; nanoseconds.</summary>
    public void Add(long ns)
    {
        _steps[Math.Clamp(ns / StepNs, 0, _steps.Length - 1)]++;
        _count++;
    }

    /// <summary>Counts another's too.</summary>
    public void Add(Durations other)
    {
        _count += other._count;
        for (var step = 0; step < _steps.Length; step++)
        {
            _steps[step] += other._steps[step];
        }
    }

    /// <summary>What this share of them did not exceed, nanoseconds.</summary>
    public long At(double share)
    {
        var left = (long)(_count * share);
        var step = 0;
        while (step < _steps.Length - 1 && (left -= _steps[step]) >= 0)
        {
            step++;
        }

        return (step + 1) * StepNs;
    }
}
