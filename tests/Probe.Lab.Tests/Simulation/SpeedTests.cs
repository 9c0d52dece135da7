using System.Diagnostics;
using Probe.Lab.Simulation;
using Xunit.Abstractions;

namespace Probe.Lab.Tests.Simulation;

public sealed class SpeedTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(JournalDetail.Off, 1)]
    [InlineData(JournalDetail.Off, 512)]
    [InlineData(JournalDetail.Everything, 512)]
    public void Packets_fly_through_16_hops_without_allocation(JournalDetail detail, int window)
    {
        var network = new SimulatedNetwork(Topologies.Line(16), new NetworkOptions { Journal = detail, JournalCapacity = 100_000 });
        var packets = Enumerable.Range(1, 17).Select(ttl => Probes.Udp(ttl)).ToArray();
        Run(50_000);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var (watch, cpu) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
        const int count = 100_000;
        Run(count);
        var (seconds, cpuSeconds) = (watch.Elapsed.TotalSeconds, (Environment.CpuUsage.TotalTime - cpu).TotalSeconds);
        var allocated = (GC.GetAllocatedBytesForCurrentThread() - before) / (double)count;
        output.WriteLine(FormattableString.Invariant($"{detail}, window {window}: {count / seconds / 1000:0} k packets/s ({count / cpuSeconds / 1000:0} k a second of CPU), {allocated:0.00} octets allocated a packet"));

        // Far off what it does; the allocation is what must not grow.
        Assert.True(count / seconds > 1_000);
        Assert.True(allocated < 8, $"{allocated} octets a packet");

        void Run(int packetCount)
        {
            for (var sent = 0; sent < packetCount; sent += window)
            {
                for (var i = 0; i < window; i++)
                {
                    network.Inject(packets[(sent + i) % packets.Length], network.NowNs);
                }

                var answered = 0;
                while (network.TryNext(network.NowNs + 1_000_000_000, out _))
                {
                    answered++;
                }

                if (answered != window)
                {
                    Assert.Fail($"{answered} of {window} answered");
                }
            }
        }
    }
}
