using System.Globalization;

namespace Probe.Report;

/// <summary>Numbers for readers: fixed decimals, rounded away from zero, never following the locale.</summary>
public static class Units
{
    /// <summary>What stands where there is no number.</summary>
    public const string None = "—";

    /// <summary>Nanoseconds as milliseconds with three decimals: <c>12.346</c>.</summary>
    public static string Milliseconds(long? ns) =>
        ns is { } value
            ? Math.Round(value / 1_000_000m, 3, MidpointRounding.AwayFromZero).ToString("F3", CultureInfo.InvariantCulture) : None;

    /// <summary>A fraction as percent with one decimal: <c>2.5 %</c>.</summary>
    public static string Percent(double? fraction) =>
        fraction is { } value
            ? Math.Round((decimal)value * 100, 1, MidpointRounding.AwayFromZero).ToString("F1", CultureInfo.InvariantCulture) + " %" : None;

    /// <summary>A count.</summary>
    public static string Count(long? count) => count?.ToString(CultureInfo.InvariantCulture) ?? None;
}
