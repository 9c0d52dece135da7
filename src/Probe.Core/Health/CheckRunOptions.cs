namespace Probe.Core.Health;

/// <summary>How the checks of a run are paced. Defaults are the ceilings that keep the tool from doing harm.</summary>
public sealed record CheckRunOptions
{
    /// <summary>Checks of each target.</summary>
    public int Count { get; init; } = 1;

    /// <summary>Most checks in flight.</summary>
    public int InFlight { get; init; } = 1000;

    /// <summary>Most checks begun in any second, also fewer than one; <see cref="double.PositiveInfinity"/> for as many as go.</summary>
    public double MaxPerSecond { get; init; } = 5000;

    /// <summary>Most checks of one address and port in any second; <see cref="int.MaxValue"/> for as many as go.</summary>
    public int MaxPerTargetPerSecond { get; init; } = 10;

    /// <summary>From the begin of one round (one check of each target) to the next, nanoseconds; a round that takes longer delays the next.</summary>
    public long IntervalNs { get; init; }

    /// <summary>The share of one of several engines that run at once.</summary>
    internal CheckRunOptions Share(int engines) => this with { InFlight = Math.Max(1, InFlight / engines), MaxPerSecond = MaxPerSecond / engines };
}
