using Probe.Cli.Trace;
using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Tracing;
using Probe.Core.Vocabulary;

namespace Probe.Cli.Tests.Trace;

public class TraceRehearsalTests
{
    [Theory]
    [MemberData(nameof(Kernel.ProbeInside.Cases), MemberType = typeof(Kernel.ProbeInside))]
    public void A_rehearsal_ends_by_itself_whatever_is_asked(ProbeProtocol protocol, bool isV6)
    {
        var options = new TraceOptions
        {
            Target = IpAddress.Parse(isV6 ? "2001:db8::9" : "203.0.113.9"),
            Source = IpAddress.Parse(isV6 ? "2001:db8::7" : "198.51.100.7"),
            Protocol = protocol,
            Flows = [SimulatedTrace.FlowOf(1, protocol, isV6)],
            Size = ProbeWriter.DefaultSize(isV6),
            Cycles = int.MaxValue,
            FirstTtl = 20,
            MaxTtl = 25,
        };
        var begun = System.Diagnostics.Stopwatch.GetTimestamp();
        TraceRehearsal.Run(options);
        TraceRehearsal.Run(new MultipathOptions { Trace = options, FlowAt = _ => null });
        Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(5));
    }
}
