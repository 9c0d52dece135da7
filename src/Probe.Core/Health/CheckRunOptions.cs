namespace Probe.Core.Health;

/// <summary>How the checks of a run are paced. Defaults are the ceilings that keep the tool from doing harm.</summary>
public sealed record CheckRunOptions
{
    /// <summary>Checks of each target.</summary>
    public int Count { get; init; } = 1;

    /// <summary>Most checks in flight.</summary>
    public int InFlight { get; init; } = 1000;

    /// <summary>Most checks begun in any second; <see cref="int.MaxValue"/> for as many as go.</summary>
    public int MaxPerSecond { get; init; } = 5000;

    /// <summary>Most checks of one target in any second.</summary>
    public int MaxPerTargetPerSecond { get; init; } = 10;
}
