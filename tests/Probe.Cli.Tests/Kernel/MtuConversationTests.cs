using Probe.Core.Evidence;
using Probe.Core.PathMtu;
using Probe.Lab.Kernel;
using Probe.Tests;

namespace Probe.Cli.Tests.Kernel;

/// <summary><c>probe mtu</c> over established connections, as a user runs it: what is said, what it exits with, and what it leaves in the document.</summary>
public sealed class MtuConversationTests : IDisposable
{
    private readonly KernelLab _lab = new();

    public void Dispose() => _lab.Dispose();

    [NeedsFact(ProbeInside.Needs)]
    public void A_stall_is_proved_although_an_upload_is_asked_for_too()
    {
        using var net = DirectorNet.Build(_lab, new DirectorFaults { RouteMtu = 1480 });
        var (tcp, bundle, result) = Measure(net, 1, "--tcp-upload", "--tcp-stall");
        Assert.Equal((TcpStallVerdict.Stall, Confidence.Proved), (tcp.Stall!.Verdict, tcp.Stall.Confidence));
        Assert.Equal(TcpTransferVerdict.Clean, tcp.Upload!.Verdict);
        Assert.Equal(1, result.Status);
        var finding = bundle.Findings!.Single(item => item.Rule is "PRB-MTU-002");
        Assert.Contains("ip route change 10.40.9.0/24 via 10.40.1.2 dev c0 mtu 1480 advmss 1440", finding.Fix[0], StringComparison.Ordinal);
        Assert.DoesNotContain(bundle.Findings!, item => item.Rule is "PRB-MTU-006");
        Assert.Contains(bundle.Gaps!, gap => gap.Why.Contains("path MTU 1480 to 10.40.9.1, which expires in 5", StringComparison.Ordinal));
        Assert.True(bundle.Counters!.After["IpFragFails"] > bundle.Counters.Before["IpFragFails"], "no counter moved");
    }

    [NeedsFact(ProbeInside.Needs)]
    public void Loss_of_merged_segments_is_told_both_ways_and_the_healthy_twin_is_fine()
    {
        using var broken = DirectorNet.Build(_lab, new DirectorFaults { LosesMerged = true });
        var (tcp, bundle, result) = Measure(broken, 1, "--tcp-upload", "--tcp-download");
        Assert.Equal((TcpTransferVerdict.AggregationDependentLoss, TcpTransferVerdict.AggregationDependentLoss, 1), (tcp.Upload!.Verdict, tcp.Download!.Verdict, result.Status));
        Assert.Equal(2, bundle.Findings!.Count(item => item.Rule is "PRB-MTU-006"));

        using var healthy = DirectorNet.Build(_lab, new DirectorFaults());
        (tcp, bundle, result) = Measure(healthy, 1, "--tcp-upload", "--tcp-download", "--tcp-stall");
        Assert.Equal((TcpTransferVerdict.Clean, TcpTransferVerdict.Clean, TcpStallVerdict.NotLearned), (tcp.Upload!.Verdict, tcp.Download!.Verdict, tcp.Stall!.Verdict));
        Assert.Empty(bundle.Findings!.Where(item => item.Severity > Severity.Info));
        Assert.Equal(0, result.Status);
    }

    private (TcpEvidence Tcp, Bundle Bundle, LabResult Result) Measure(DirectorNet net, int vip, params string[] tests)
    {
        var result = _lab.Run(net.Client, ProbeInside.Limit, ProbeInside.Program,
            ["mtu", "--json", "--tcp", "-p", $"{DirectorNet.Port}", "--payload", "zeros", .. tests, DirectorNet.Vip(vip).ToString()]);
        var bundle = ProbeInside.Read(result);
        return (bundle.PathMtus![0].Tcp!, bundle, result);
    }
}
