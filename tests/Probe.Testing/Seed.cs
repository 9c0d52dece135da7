using System.Globalization;

namespace Probe.Testing;

/// <summary>Seed of the random tests: fixed, or PROBE_SEED.</summary>
internal static class Seed
{
    public static int Value { get; } = int.TryParse(Environment.GetEnvironmentVariable("PROBE_SEED"), CultureInfo.InvariantCulture, out var seed) ? seed : 20261121;

    /// <summary>The same for generators of 64 bits.</summary>
    public static ulong Long => (ulong)Value;
}
