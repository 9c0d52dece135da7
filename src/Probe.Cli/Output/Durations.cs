using System.Globalization;

namespace Probe.Cli.Output;

/// <summary>Durations in tables and sentences for the terminal; a report writes them with fixed decimals.</summary>
internal static class Durations
{
    /// <summary>Milliseconds with as many decimals as the value deserves.</summary>
    public static string Milliseconds(long? ns) => ns switch
    {
        null => "-",
        < 10_000_000 => (ns.Value / 1e6).ToString("0.000", CultureInfo.InvariantCulture),
        < 100_000_000 => (ns.Value / 1e6).ToString("0.00", CultureInfo.InvariantCulture),
        _ => (ns.Value / 1e6).ToString("0.0", CultureInfo.InvariantCulture),
    };
}
