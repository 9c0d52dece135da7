using System.Diagnostics;
using System.Globalization;
using Probe.Lab.Instruments;

namespace Probe.Bench;

/// <summary>Reads mutated captures: none may throw anything but the reader's own error, or be read in a circle.</summary>
internal static class CaptureBench
{
    private const int Seed = 20261130;

    public static int Run(int count)
    {
        var clock = Stopwatch.StartNew();
        var seen = MutatedCaptures.Read(Seed, count);
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{count:N0} mutated captures: {seen.Whole:N0} read to their end, {seen.Refused:N0} refused, {seen.Packets:N0} packets, "
            + $"{clock.Elapsed.TotalSeconds:0} s"));
        return 0;
    }
}
