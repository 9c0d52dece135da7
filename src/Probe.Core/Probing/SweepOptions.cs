namespace Probe.Core.Probing;

/// <summary>
/// What every sweep goes by, whatever it sweeps. The options of each sweep are made from one, whole, so that a new option reaches all.
/// Defaults are those of the commands.
/// </summary>
public record SweepOptions
{
    /// <summary>How long one answer may take, nanoseconds.</summary>
    public long TimeoutNs { get; init; } = 1_000_000_000;

    /// <summary>Most probes in any one second; <see cref="int.MaxValue"/> for the user's <c>--rate max</c>.</summary>
    public int MaxPerSecond { get; init; } = 1000;

    /// <summary>Differentiated services code point, 0 to 63 (RFC 2474).</summary>
    public byte Dscp { get; init; }
}
