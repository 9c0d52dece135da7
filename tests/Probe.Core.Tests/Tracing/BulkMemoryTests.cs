using System.Runtime.CompilerServices;
using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Tracing;
using Probe.Core.Vocabulary;
using Probe.Core.Wire;
using Xunit.Abstractions;

namespace Probe.Core.Tests.Tracing;

/// <summary>What many targets at once take of memory: measured by what the whole process holds, so that nothing may run beside.</summary>
[Collection(Lanes.Alone)]
public class BulkMemoryTests(ITestOutputHelper output)
{
    private const long Second = 1_000 * SimulatedTrace.Millisecond;

    [Fact]
    public void A_target_in_flight_takes_less_than_8_KiB()
    {
        const int Targets = 4_400;
        var before = GC.GetTotalMemory(forceFullCollection: true);
        using var port = new MutePort();
        var wire = new PacketWire(port, new ProbeCookies(), 2 * Second, batches: true);
        var source = new Endless();
        var tracer = new BulkTracer(new BulkOptions { Protocol = ProbeProtocol.Icmp, MaxPerSecond = int.MaxValue, InFlight = Targets }, source, new ProbeNumbers());

        // Nobody answers, so that every target has all its thirty probes under way and all its memory in use.
        Assert.Equal(SweepEnd.Deadline, SweepLoop.Run(tracer, wire, 990 * SimulatedTrace.Millisecond, default));
        Assert.Equal((Targets, 30L * Targets), (tracer.InFlight, tracer.ProbesSent));
        var each = (GC.GetTotalMemory(forceFullCollection: true) - before) / Targets;
        GC.KeepAlive(tracer);
        GC.KeepAlive(wire);
        output.WriteLine($"{each} octets a target: a probe {Unsafe.SizeOf<ProbeTable.Entry>()}, an answer {Unsafe.SizeOf<Reply>()}");
        Assert.InRange(each, 1, 8 * 1024);
    }

    /// <summary>Takes every packet and brings nothing back; time passes as asked.</summary>
    private sealed class MutePort : IPacketPort
    {
        public long NowNs { get; private set; }

        public SendStatus Send(ReadOnlySpan<byte> packet, int number) => SendStatus.Sent;

        public void Poll(long untilNs, IPacketSink sink) => NowNs = Math.Max(NowNs + 1000, untilNs);

        public void Wake()
        {
        }

        public PortLosses ReadLosses() => default;

        public void Dispose()
        {
        }
    }

    private sealed class Endless : IBulkTargets
    {
        private int _next;

        public FeedStatus TryTake(out BulkTarget target)
        {
            target = new BulkTarget(_next, IpAddress.FromV4(0x0a40_0000u + (uint)_next++), IpAddress.FromV4(0x0ac8_0001), SimulatedTrace.FlowOf(1, ProbeProtocol.Icmp, isV6: false));
            return FeedStatus.Ready;
        }

        public void Finished(BulkTrace trace) => Assert.Fail("nothing can be finished");
    }
}
