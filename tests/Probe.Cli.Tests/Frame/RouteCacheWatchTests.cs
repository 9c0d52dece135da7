using Probe.Cli.Frame;
using Probe.Core.Host;
using Probe.Core.Linux;
using Probe.Core.Packets;

namespace Probe.Cli.Tests.Frame;

/// <summary>Looking at the route cache is beside the run and never its end.</summary>
public sealed class RouteCacheWatchTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_cache_that_cannot_be_listed_is_a_gap(int failing)
    {
        var reading = 0;
        var watch = new RouteCacheWatch(() => ++reading == failing ? throw new LinuxException("the list changed while it was read") : LearnedRoutes.Read());
        var gap = watch.Conclude(new HashSet<IpAddress> { IpAddress.Parse("192.0.2.1") });
        Assert.Equal(("route cache", "not compared: the list changed while it was read"), (gap?.What, gap?.Why));
    }
}
