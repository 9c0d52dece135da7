using Probe.Core.Vocabulary;
using Probe.Lab.Instruments;
using Probe.Lab.Networks;

namespace Probe.Cli.Tests.Kernel;

/// <summary>Thousands of ICMP errors a second about other people's packets: none of them is an answer, none of the answers is lost.</summary>
public sealed class ForeignNoiseTests(NineHops shared) : IClassFixture<NineHops>
{
    private const int Seed = 20261121;

    [NeedsTheory(ProbeInside.Needs)]
    [MemberData(nameof(ProbeInside.Cases), MemberType = typeof(ProbeInside))]
    public void Foreign_errors_neither_answer_nor_hide(ProbeProtocol protocol, bool v6)
    {
        var line = shared.Line;
        using var heard = new PacketCounter(line.Lab, line.Client, "input", v6 ? "icmpv6 type { 1, 3 }" : "icmp type { 3, 11 }");
        var (bundle, trace, result) = Traced();

        // Far more noise than answers, or the test shows nothing.
        Assert.InRange(heard.Packets, 2_000, long.MaxValue);
        Assert.Equal(0, result.Status);
        Assert.Equal(line.Addresses(v6), trace.Addresses());
        Assert.All(trace.Hops, hop => Assert.Equal((10, 10, 0.0), (hop.Sent, hop.Received, hop.Loss)));
        Assert.All(trace.Hops.SkipLast(1), hop => Assert.Equal(ReplyKind.TimeExceeded, Assert.Single(Assert.Single(hop.Nodes).Replies).Kind));
        Assert.Equal(0, trace.LocalLost);
        Assert.Null(bundle.Gaps);

        (Core.Evidence.Bundle Bundle, Core.Evidence.TraceEvidence Trace, LabResult Result) Traced()
        {
            using var noise = new ForeignNoise(line, v6, perSecond: 4000, Seed);
            return line.Trace(protocol, v6, "-c", "10", "-i", "100ms");
        }
    }
}
