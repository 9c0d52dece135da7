using System.Globalization;

namespace Probe.Lab.Tests;

/// <summary>Seed of the random tests: fixed, or PROBE_SEED.</summary>
internal static class Seed
{
    public static ulong Value { get; } = ulong.TryParse(Environment.GetEnvironmentVariable("PROBE_SEED"), CultureInfo.InvariantCulture, out var seed) ? seed : 20261121;
}
