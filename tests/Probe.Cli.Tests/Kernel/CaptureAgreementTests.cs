using Probe.Core.Vocabulary;
using Probe.Lab.Instruments;

namespace Probe.Cli.Tests.Kernel;

/// <summary>Round-trip times against those that an independent program's capture shows for the same packets.</summary>
[Collection(Lanes.Alone)]
public sealed class CaptureAgreementTests(NineHops shared) : IClassFixture<NineHops>
{
    [NeedsTheory(ProbeInside.Needs | Need.Tcpdump)]
    [InlineData(ProbeProtocol.Icmp)]
    [InlineData(ProbeProtocol.Udp)]
    [InlineData(ProbeProtocol.Tcp)]
    public void Round_trip_times_agree_within_20_microseconds_at_the_median(ProbeProtocol protocol)
    {
        var line = shared.Line;
        var file = Path.GetTempFileName();
        try
        {
            using var tcpdump = line.Lab.Start(
                line.Client, "tcpdump", "-i", "east", "-n", "-s", "256", "-B", "8192", "-U", "--immediate-mode", "--time-stamp-precision=nano", "-Z", "root", "-w", file, "ip");
            tcpdump.WaitFor("listening on", ProbeInside.Limit);
            var trace = line.Trace(protocol, v6: false, "-c", "14", "-i", "100ms").Trace;
            Thread.Sleep(100);
            tcpdump.Signal("INT");
            tcpdump.Wait(ProbeInside.Limit).MustSucceed();

            var differences = CapturedRtts.Differences(trace, line.Target(v6: false), File.ReadAllBytes(file));
            Assert.InRange(differences.Count, 100, int.MaxValue);
            differences.Sort();
            Assert.InRange(differences[differences.Count / 2], 0, 20_000);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
