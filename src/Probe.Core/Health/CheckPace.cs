namespace Probe.Core.Health;

/// <summary>How fast the checks of a run are begun. Defaults are the ceilings that keep the tool from doing harm.</summary>
public sealed record CheckPace
{
    /// <summary>Checks of each target.</summary>
    public int Count { get; init; } = 1;

    /// <summary>Most checks in flight.</summary>
    public int InFlight { get; init; } = 1000;

    /// <summary>Most checks begun in any second, also fewer than one; <see cref="double.PositiveInfinity"/> for as many as go.</summary>
    public double MaxPerSecond { get; init; } = 5000;

    /// <summary>Most checks of one address and port in any second; <see cref="int.MaxValue"/> for as many as go.</summary>
    public int MaxPerTargetPerSecond { get; init; } = 10;

    /// <summary>A check of a target begins only when the one before it is over.</summary>
    public bool OneAtATime { get; init; }

    /// <summary>The share of one of several engines that run at once.</summary>
    /// <param name="engines">All of them.</param>
    /// <param name="sorts">How many of them may check one address and port: those that carry different kinds.</param>
    internal CheckPace Share(int engines, int sorts) => this with
    {
        InFlight = Math.Max(1, InFlight / engines),
        MaxPerSecond = MaxPerSecond / engines,
        MaxPerTargetPerSecond = MaxPerTargetPerSecond == int.MaxValue ? int.MaxValue : Math.Max(1, MaxPerTargetPerSecond / sorts),
    };
}
