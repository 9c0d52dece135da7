using System.Diagnostics;
using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using Probe.Lab.Instruments;
using Xunit.Abstractions;

namespace Probe.Cli.Tests.Kernel;

/// <summary>Round-trip times against those that an independent program's capture shows for the same packets.</summary>
[Collection(Lanes.Alone)]
public sealed class CaptureAgreementTests(NineHops shared, ITestOutputHelper output) : IClassFixture<NineHops>
{
    [NeedsTheory(ProbeInside.Needs | Need.Tcpdump)]
    [InlineData(ProbeProtocol.Icmp)]
    [InlineData(ProbeProtocol.Udp)]
    [InlineData(ProbeProtocol.Tcp)]
    public void Round_trip_times_agree_within_3_microseconds_at_the_median(ProbeProtocol protocol)
    {
        var line = shared.Line;
        var file = Path.GetTempFileName();
        try
        {
            using var tcpdump = line.Lab.Start(
                line.Client, "tcpdump", "-i", "east", "-n", "-s", "256", "-B", "8192", "-U", "--immediate-mode", "--time-stamp-precision=nano", "-Z", "root", "-w", file, "ip");
            tcpdump.WaitFor("listening on", ProbeInside.Limit);
            var trace = line.Trace(protocol, v6: false, "-c", "14", "-i", "100ms").Trace;
            var differences = WaitForAll(trace, () => CapturedRtts.Differences(trace, line.Target(v6: false), File.ReadAllBytes(file)));
            differences.Sort();
            output.WriteLine($"{differences.Count} answers; ns: median {differences[differences.Count / 2]}, largest {differences[^1]}");
            Assert.InRange(differences.Count, 100, int.MaxValue);
            Assert.InRange(differences[differences.Count / 2], 0, 3_000);
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>The other program writes its last packets when it gets to it.</summary>
    private static List<long> WaitForAll(TraceEvidence trace, Func<List<long>> read)
    {
        var answered = trace.Probes!.Count(probe => probe.RttNs is not null);
        var begun = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                if (read() is var differences && differences.Count == answered)
                {
                    return differences;
                }
            }
            catch (InvalidDataException) when (Stopwatch.GetElapsedTime(begun) < ProbeInside.Limit)
            {
                // Not all probes are written yet.
            }

            Assert.True(Stopwatch.GetElapsedTime(begun) < ProbeInside.Limit, "the capture lacks answers that the trace has");
            Thread.Sleep(20);
        }
    }
}
