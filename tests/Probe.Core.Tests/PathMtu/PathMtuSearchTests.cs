using Probe.Core.PathMtu;
using Probe.Core.Probing;
using Probe.Lab.Simulation;

namespace Probe.Core.Tests.PathMtu;

public sealed class PathMtuSearchTests
{
    [Theory]
    [InlineData(1500)]
    [InlineData(1400)]
    public void A_silent_limit_is_found_by_echo(int mtu)
    {
        var run = SimulatedSearch.Run(Small(mtu), ProbeProtocol.Icmp);
        Assert.Equal(mtu, run.Evidence.Mtu);
        Assert.Equal(mtu == 1500 ? PathMtuVerdict.Clear : PathMtuVerdict.BlackHole, run.Evidence.Verdict);
    }

    private static Topology Small(int mtu) => Topologies.Line(3)
        .WithLink("r2", "r3", link => link with { Quality = link.Quality with { Mtu = mtu } })
        .With("r2", node => node with { TooBig = new TooBigPolicy { Silent = Protocols.All } });
}
