using Probe.Core.Vocabulary;
using Probe.Lab.Networks;

namespace Probe.Cli.Tests.Kernel;

/// <summary>Linux routers as they come out of the box: about one ICMP error a second to one address.</summary>
public sealed class RateLimitTests : IDisposable
{
    private readonly KernelLab _lab = new();

    public void Dispose() => _lab.Dispose();

    [NeedsTheory(ProbeInside.Needs)]
    [InlineData(ProbeProtocol.Icmp, false)]
    [InlineData(ProbeProtocol.Udp, false)]
    [InlineData(ProbeProtocol.Tcp, true)]
    public void At_the_default_interval_nothing_is_missing(ProbeProtocol protocol, bool v6)
    {
        var line = LinuxLine.Build(_lab, 9, IcmpLimits.Stock);
        var (_, trace, result) = line.Trace(protocol, v6, "-c", "4");
        Assert.Equal(0, result.Status);
        Assert.Equal(line.Addresses(v6), trace.Addresses());
        Assert.All(trace.Hops, hop => Assert.Equal((4, 4, 0.0, 0.0), (hop.Sent, hop.Received, hop.Loss, hop.RateLimited)));
    }

    [NeedsTheory(ProbeInside.Needs)]
    [InlineData(ProbeProtocol.Icmp, false, "100ms")]
    [InlineData(ProbeProtocol.Tcp, false, "100ms")]

    // Kernels differ in what IPv6 allows: from 4 to 40 errors a second.
    [InlineData(ProbeProtocol.Icmp, true, "10ms")]
    public void At_a_short_interval_what_is_missing_is_rate_limited_and_no_loss(ProbeProtocol protocol, bool v6, string interval)
    {
        var line = LinuxLine.Build(_lab, 9, IcmpLimits.Stock);
        var (_, trace, result) = line.Trace(protocol, v6, "-c", "30", "-i", interval);
        Assert.Equal(0, result.Status);
        Assert.Equal(line.Addresses(v6), trace.Addresses());
        Assert.Equal((30, 30, 0.0, 0.0), (trace.Hops[^1].Sent, trace.Hops[^1].Received, trace.Hops[^1].Loss, trace.Hops[^1].RateLimited));
        Assert.All(trace.Hops.SkipLast(1), hop =>
        {
            Assert.True(hop.Received < hop.Sent, $"hop {hop.Ttl} answered everything: the limit was not there");
            Assert.Equal(0, hop.Loss);
            Assert.Equal((double)(hop.Sent - hop.Received) / hop.Sent, hop.RateLimited!.Value, 6);
        });
    }

    [NeedsFact(ProbeInside.Needs)]
    public void A_limited_udp_target_claims_no_loss_and_says_why()
    {
        var line = LinuxLine.Build(_lab, 9, IcmpLimits.Stock);
        var (_, trace, result) = line.Trace(ProbeProtocol.Udp, v6: false, "-c", "30", "-i", "100ms");
        Assert.Equal(0, result.Status);
        Assert.Equal(line.Addresses(v6: false), trace.Addresses());
        Assert.True(trace.Hops[^1].Received < trace.Hops[^1].Sent);
        Assert.Contains("rate limit possible", trace.Hops[^1].Notes);
        Assert.All(trace.Hops, hop => Assert.True(hop.Loss is null or 0, $"hop {hop.Ttl} claims a loss of {hop.Loss}"));
    }
}
