using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using Probe.Lab.Networks;

namespace Probe.Cli.Tests.Kernel;

/// <summary><c>probe mtu --tcp-upload</c> and <c>--tcp-stall</c>: two incidents found by name, and nothing said where nothing is wrong.</summary>
public sealed class MtuTcpTests : IDisposable
{
    private const Need Needs = Need.Namespaces | Need.Nftables;

    private readonly KernelLab _lab = new();

    public void Dispose() => _lab.Dispose();

    [NeedsFact(Needs)]
    public void A_stall_on_a_path_mtu_learned_late_is_found_by_name_and_the_exception_is_told()
    {
        using var net = DirectorNet.Build(_lab, new DirectorFaults { RouteMtu = 1480 });
        var (bundle, result) = Run(net, "--tcp-stall");
        var finding = Assert.Single(bundle.Findings!, finding => finding.Rule == "PRB-MTU-002");
        Assert.Equal((Severity.Degraded, Confidence.Proved, 1), (finding.Severity, finding.Confidence, result.Status));
        Assert.Contains(finding.Fix, fix => fix.Contains("mtu 1480 advmss 1440", StringComparison.Ordinal));
        Assert.Equal(TcpStallVerdict.Stall, bundle.PathMtus![0].Tcp!.Stall!.Verdict);
        Assert.Contains(bundle.Gaps!, gap => gap.What == "route cache" && gap.Why.Contains("1480", StringComparison.Ordinal));
        Assert.NotNull(bundle.Counters);
        Assert.Equal((1480, 1500), (Assert.Single(bundle.Host!.PathMtuExceptions!).LearnedMtu, Assert.Single(bundle.Host.Interfaces!).Mtu));
    }

    [NeedsFact(Needs)]
    public void A_transfer_that_is_asked_for_too_does_not_teach_the_path_mtu_before_the_stall_test_can()
    {
        using var net = DirectorNet.Build(_lab, new DirectorFaults { RouteMtu = 1480 });
        var (bundle, _) = Run(net, "--tcp-upload", "--tcp-download", "--tcp-stall");
        var tcp = bundle.PathMtus![0].Tcp!;
        Assert.Equal((TcpStallVerdict.Stall, TcpTransferVerdict.Clean, TcpTransferVerdict.Clean), (tcp.Stall!.Verdict, tcp.Upload!.Verdict, tcp.Download!.Verdict));
        Assert.True(bundle.Counters!.After["IpFragFails"] > bundle.Counters.Before["IpFragFails"], "no counter moved");
    }

    [NeedsFact(Needs)]
    public void Loss_of_merged_segments_is_found_by_name_while_every_single_packet_passes()
    {
        using var net = DirectorNet.Build(_lab, new DirectorFaults { LosesMerged = true });
        var (bundle, result) = Run(net, "--tcp-upload");
        Assert.Equal(PathMtuVerdict.Clear, bundle.PathMtus![0].Verdict);
        var finding = Assert.Single(bundle.Findings!, finding => finding.Severity > Severity.Info);
        Assert.Equal(("PRB-MTU-006", Confidence.Likely, 1), (finding.Rule, finding.Confidence, result.Status));
    }

    [NeedsFact(Needs)]
    public void A_healthy_network_ends_with_zero()
    {
        using var net = DirectorNet.Build(_lab, new DirectorFaults());
        var (bundle, result) = Run(net, "--tcp-upload", "--tcp-download", "--tcp-stall");
        Assert.Equal(0, result.Status);
        Assert.Empty(bundle.Findings!);
        var all = bundle.PathMtus![0].Tcp!;
        Assert.InRange(all.Upload!.Pacings.Concat(all.Download!.Pacings).Sum(pacing => pacing.Octets) + all.Stall!.Connections.Sum(connection => connection.Octets), 1, 256 * 1024);
        Assert.Equal((TcpTransferVerdict.Clean, TcpTransferVerdict.Clean, TcpStallVerdict.NotLearned),
            bundle.PathMtus![0].Tcp is { } tcp ? (tcp.Upload!.Verdict, tcp.Download!.Verdict, tcp.Stall!.Verdict) : default);
    }

    [NeedsFact(Needs)]
    public void The_far_end_can_be_the_program_itself()
    {
        var line = LinuxLine.Build(_lab, 2);
        using var responder = _lab.Start(line.Server, ProbeInside.Program, "mtu", "--responder", "7007");
        responder.WaitFor("answering on port 7007", TimeSpan.FromSeconds(30));
        var result = line.Probe("mtu", "-n", "--json", "--flows", "0", "--tcp-upload", "--tcp-download", "--payload", "zeros", "-p", "7007", line.Target(v6: false).ToString());
        var tcp = ProbeInside.Read(result).PathMtus![0].Tcp!;
        Assert.Equal((TcpTransferVerdict.Clean, TcpTransferVerdict.Clean, 0), (tcp.Upload!.Verdict, tcp.Download!.Verdict, result.Status));
    }

    [NeedsTheory(Needs)]
    [InlineData(1500, false, "--tcp-upload")]
    [InlineData(1500, true, "--tcp-stall")]
    [InlineData(1400, false, "--tcp-upload")]
    public void Behind_a_filter_of_SYNs_with_octets_a_connection_proves_the_path_mtu(int mtu, bool v6, string test)
    {
        // Firewalls and stacks drop what a SYN carries, or the SYN: full segments of a connection pass all the same.
        var line = LinuxLine.Build(_lab, 2);
        line.Narrow(2, mtu);
        KernelLab.Nft(line.Server, "table inet filter { chain c { type filter hook input priority 0; "
            + "tcp flags & (syn | ack) == syn ip length > 60 drop; tcp flags & (syn | ack) == syn ip6 length > 40 drop; icmp type echo-request drop; icmpv6 type echo-request drop; }; }");
        using var responder = _lab.Start(line.Server, ProbeInside.Program, "mtu", "--responder", "7007");
        responder.WaitFor("answering on port 7007", TimeSpan.FromSeconds(30));
        LabResult Search(params string[] tests) =>
            line.Probe(["mtu", "-n", "--json", "--flows", "0", "--timeout", "300ms", "--tcp", "-p", "7007", .. tests, line.Target(v6).ToString()]);

        var alone = Search();
        Assert.Equal((PathMtuVerdict.NotAnswering, 4), (ProbeInside.Read(alone).PathMtus![0].Verdict, alone.Status));

        var result = Search(test, "--payload", "zeros");
        var path = ProbeInside.Read(result).PathMtus![0];
        Assert.Equal((mtu, PathMtuProof.Established), (path.LargestAnswered, path.ProvedBy));
        Assert.Equal(mtu == 1500 ? (PathMtuVerdict.Clear, Confidence.Proved, 1500, 0) : (PathMtuVerdict.NotAnswering, Confidence.Likely, null, 4),
            (path.Verdict, path.Confidence, path.Mtu, result.Status));
    }

    private (Bundle Bundle, LabResult Result) Run(DirectorNet net, params string[] tests)
    {
        var result = _lab.Run(net.Client, ProbeInside.Limit, ProbeInside.Program,
            ["mtu", "-n", "--json", "--flows", "0", "--tcp", "-p", $"{DirectorNet.Port}", "--payload", "zeros", .. tests, DirectorNet.Vip(1).ToString()]);
        return (ProbeInside.Read(result), result);
    }
}
