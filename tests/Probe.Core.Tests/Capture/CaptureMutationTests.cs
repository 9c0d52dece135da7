using Probe.Lab.Instruments;

namespace Probe.Core.Tests.Capture;

public class CaptureMutationTests
{
    [Fact]
    public void Mutated_captures_end_or_are_refused()
    {
        var seen = MutatedCaptures.Read(Seed.Value, 20_000);
        Assert.Equal(20_000, seen.Whole + seen.Refused);

        // The mutations go deep: many files are read to their end, many are refused, and packets come out of both.
        Assert.InRange(seen.Whole, 2_000, 18_000);
        Assert.True(seen.Packets > 20_000, seen.ToString());
    }
}
