using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using Probe.Lab.Networks;

namespace Probe.Cli.Tests.Kernel;

/// <summary><c>probe mtu</c> through real Linux routers: the size to the octet, who says it, and a route cache that stays as it was.</summary>
public sealed class MtuTests : IDisposable
{
    private const int NarrowHop = 3;

    private readonly Lazy<LinuxLine> _line;
    private KernelLab? _lab;

    public MtuTests() => _line = new Lazy<LinuxLine>(() => LinuxLine.Build(_lab = new KernelLab(), 4));

    private LinuxLine Line => _line.Value;

    public void Dispose() => _lab?.Dispose();

    public static TheoryData<string[], bool> Ways => new()
    {
        { ["--icmp"], false }, { ["--tcp", "-p", "80"], false }, { ["--udp"], false }, { [], false },
        { ["--icmp"], true }, { ["--tcp", "-p", "80"], true }, { ["--udp"], true },
    };

    [NeedsTheory(ProbeInside.Needs)]
    [MemberData(nameof(Ways))]
    public void Nothing_in_the_way_is_clear(string[] way, bool v6)
    {
        var (path, result) = Measure(way, v6);
        Assert.Equal((PathMtuVerdict.Clear, 1500, 0), (path.Verdict, path.Mtu, result.Status));
        AssertNothingLearned();
    }

    [NeedsTheory(ProbeInside.Needs)]
    [MemberData(nameof(Ways))]
    public void A_router_that_says_so_is_named_with_its_hop(string[] way, bool v6)
    {
        Line.Narrow(NarrowHop, 1393);
        var (path, result) = Measure(way, v6);

        // Nothing serves there: the answers may be a load balancer's own.
        Assert.Equal((PathMtuVerdict.Signalled, 1393, Confidence.Likely), (path.Verdict, path.Mtu, path.Confidence));
        Assert.Equal(way is [] or ["--icmp"], path.ProvedBy == PathMtuProof.Echo);
        var signal = Assert.Single(path.Signals);
        Assert.Equal((LinuxLine.Hop(NarrowHop - 1, v6).ToString(), 1393, PathMtuRole.Router, NarrowHop - 1), (signal.From, signal.Mtu, signal.Role, signal.Hop));
        Assert.Equal(0, result.Status);
        AssertNothingLearned();
    }

    [NeedsTheory(ProbeInside.Needs)]
    [MemberData(nameof(Ways))]
    public void A_silent_hole_is_found_to_the_octet_and_between_two_hops(string[] way, bool v6)
    {
        Line.Narrow(NarrowHop, 1337);
        Line.Silence();
        var (path, result) = Measure(way, v6);
        Assert.Equal((PathMtuVerdict.BlackHole, 1337, 1338, 1), (path.Verdict, path.Mtu, path.SmallestLost, result.Status));
        Assert.Equal((NarrowHop - 1, LinuxLine.Hop(NarrowHop - 1, v6).ToString()), (path.Hop, path.HopAddress));
        AssertNothingLearned();
    }

    [NeedsTheory(ProbeInside.Needs)]
    [InlineData(false)]
    [InlineData(true)]
    public void The_verify_command_of_a_finding_fails_until_the_path_is_repaired(bool isSilent)
    {
        Line.Narrow(NarrowHop, 1400);
        if (isSilent)
        {
            Line.Silence();
        }

        var verify = Assert.Single(ProbeInside.Read(Measure([], v6: false).Result).Findings ?? []).Verify!;
        var arguments = verify.Split(' ')[1..];
        Assert.Equal(1, Line.Probe(arguments).Status);
        Line.Narrow(NarrowHop, 1500);
        Assert.Equal(0, Line.Probe(arguments).Status);
    }

    [NeedsTheory(ProbeInside.Needs)]
    [InlineData("--icmp")]
    [InlineData("--tcp")]
    public void An_MTU_of_zero_is_called_wrong_and_the_real_size_found(string way)
    {
        // As routers before RFC 1191 say it; nft can say it with no other number.
        KernelLab.Nft(Line.Router(NarrowHop - 1), """
            table ip liar {
              chain forward {
                type filter hook forward priority 0; policy accept;
                ip length > 1400 reject with icmp type frag-needed
              }
            }
            """);
        var (path, result) = Measure([way], v6: false);
        Assert.Equal((PathMtuVerdict.WrongSignal, 1400, 1), (path.Verdict, path.Mtu, result.Status));
        var signal = Assert.Single(path.Signals);
        Assert.Equal((0, true), (signal.Mtu, signal.Implausible));
        AssertNothingLearned();
    }

    [NeedsFact(ProbeInside.Needs)]
    public void A_target_that_never_answers_is_no_verdict_about_sizes()
    {
        Deafen();
        var (path, result) = Measure(["--timeout", "200ms"], v6: false);
        Assert.Equal((PathMtuVerdict.NotAnswering, null, 4), (path.Verdict, path.Mtu, result.Status));
    }

    [NeedsFact(ProbeInside.Needs)]
    public void Of_several_targets_one_that_is_not_there_does_not_stop_the_others()
    {
        var result = Line.Probe("mtu", "-n", "--json", "--flows", "0", "--timeout", "200ms", "10.9.77.1", Line.Target(v6: false).ToString(), "name.invalid");
        Assert.Equal(
            [(PathMtuVerdict.NotAnswering, null), (PathMtuVerdict.Clear, 1500), (PathMtuVerdict.NotAnswering, null)],
            ProbeInside.Read(result).PathMtus!.Select(path => (path.Verdict, path.Mtu)));
        Assert.Equal(4, result.Status);
    }

    [NeedsFact(ProbeInside.Needs)]
    public void Of_several_targets_one_without_a_route_does_not_stop_the_others()
    {
        KernelLab.Ip([$"-n {Line.Client} route add unreachable 10.9.77.0/24"]);
        var bundle = ProbeInside.Read(Line.Probe("mtu", "-n", "--json", "--flows", "0", "10.9.77.1", Line.Target(v6: false).ToString()));
        // Nothing serves there: the answers may be a load balancer's own.
        Assert.Equal([(PathMtuVerdict.NotAnswering, PathMtuReason.NoRoute), (PathMtuVerdict.Clear, (PathMtuReason?)PathMtuReason.NoProof)], bundle.PathMtus!.Select(path => (path.Verdict, path.Reason)));
        Assert.Contains(bundle.Gaps!, gap => gap.Why.StartsWith("10.9.77.1: ", StringComparison.Ordinal));
    }

    [NeedsFact(ProbeInside.Needs)]
    public void Of_several_targets_one_that_a_rule_of_this_host_refuses_does_not_stop_the_others()
    {
        KernelLab.Nft(Line.Client, "table ip one_target {\nchain c {\ntype filter hook output priority 0\nip daddr 10.9.77.2 drop\n}\n}");
        var bundle = ProbeInside.Read(Line.Probe("mtu", "-n", "--json", "--flows", "0", "10.9.77.2", Line.Target(v6: false).ToString()));
        Assert.Equal((PathMtuVerdict.NotAnswering, (PathMtuReason?)PathMtuReason.LocalRule), (bundle.PathMtus![0].Verdict, bundle.PathMtus[0].Reason));
        Assert.Equal(PathMtuVerdict.Clear, bundle.PathMtus[1].Verdict);
        Assert.Contains(bundle.Gaps!, gap => gap.Why.StartsWith("10.9.77.2: ", StringComparison.Ordinal) && gap.Why.Contains("(EPERM)", StringComparison.Ordinal));
    }

    [NeedsFact(ProbeInside.Needs)]
    public void Another_namespace_s_targets_come_from_standard_input()
    {
        var result = Line.Lab.Run(Line.Server, ProbeInside.Limit, "sh", "-c", $"echo {Line.Target(v6: false)} | {ProbeInside.Program} mtu -n --json --flows 0 -F - --netns {Line.Client}");
        Assert.Equal(PathMtuVerdict.Clear, Assert.Single(ProbeInside.Read(result).PathMtus!).Verdict);
    }

    [NeedsFact(ProbeInside.Needs)]
    public void All_ways_of_asking_together_stay_within_the_packets_allowed()
    {
        Deafen();
        using var probes = Line.CountProbes(v6: false);
        var (path, _) = Measure(["--timeout", "200ms", "--max-probes", "5"], v6: false);
        Assert.Equal((5L, 5), (probes.Packets, path.Sent));
    }

    [NeedsFact(ProbeInside.Needs)]
    public void A_limit_on_the_way_back_is_not_taken_for_one_on_the_way_there()
    {
        KernelLab.Nft(Line.Router(2), $$"""
            table ip back {
              chain forward {
                type filter hook forward priority 0; policy accept;
                ip saddr {{Line.Target(v6: false)}} ip length > 1400 drop
              }
            }
            """);
        var (path, result) = Measure([], v6: false);
        Assert.Equal((PathMtuVerdict.ReturnPath, 1500, 1400, 1), (path.Verdict, path.Mtu, path.ReturnMtu, result.Status));
    }

    [NeedsFact(ProbeInside.Needs)]
    public void Loss_both_ways_is_not_taken_for_a_smaller_path()
    {
        Line.Narrow(NarrowHop, 1337);
        Line.Silence();
        KernelLab.Nft(Line.Router(1), """
            table ip loss {
              chain forward {
                type filter hook forward priority 0; policy accept;
                numgen random mod 100 < 10 drop
              }
            }
            """);

        // A fifth of all probes stay unanswered by chance: one run in hundreds may end below, two of three never do.
        PathMtuEvidence[] paths = [.. Enumerable.Range(0, 3).Select(_ => Measure(["--tcp", "-p", "80"], v6: false).Path)];
        Assert.True(paths.Count(path => path is { Verdict: PathMtuVerdict.BlackHole, Mtu: 1337 }) >= 2, string.Join('\n', paths.Select(path => EvidenceJson.Line(path))));
        Assert.All(paths, path => Assert.InRange(path.Loss ?? 0, 0, 0.6));
    }

    [NeedsFact(ProbeInside.Needs)]
    public void A_smaller_member_of_a_balanced_group_is_a_row_with_its_flow()
    {
        using var lab = new KernelLab();
        var diamond = LinuxDiamond.Build(lab, seed: 7, 1, 1);
        diamond.Narrow(branch: 2, mtu: 1400);

        // A served port: where nothing serves, another port confirms the size, and that one may hash to the other branch.
        using var listener = new CheckedListener(diamond.Server);
        var result = lab.Run(diamond.Client, ProbeInside.Limit, ProbeInside.Program, "mtu", "-n", "--json", "--tcp", "-p", "80", "--flows", "16", LinuxDiamond.Target(v6: false).ToString());
        var bundle = ProbeInside.Read(result);
        Assert.Equal([1400, 1500], bundle.PathMtus!.Select(path => path.Mtu ?? 0).Distinct().Order());
        Assert.All(bundle.PathMtus!.Skip(1), path => Assert.InRange(path.Flow!.SourcePort, 1, 65535));
        Assert.Contains(bundle.Findings!, finding => finding.Rule == "PRB-MTU-008");
        Assert.Equal(1, result.Status);
    }

    [NeedsFact(ProbeInside.Needs)]
    public void Another_size_than_expected_is_a_fault()
    {
        Line.Narrow(NarrowHop, 1400);
        Assert.Equal(1, Measure(["--expect", "1500"], v6: false).Result.Status);
        Assert.Equal(0, Measure(["--expect", "1400"], v6: false).Result.Status);

        // A hole is one at exactly that size, too.
        Line.Silence();
        Assert.Equal(1, Measure(["--expect", "1400"], v6: false).Result.Status);
    }

    [NeedsFact(ProbeInside.Needs)]
    public void The_table_says_who_limits_what_fits_and_what_helps()
    {
        Line.Narrow(NarrowHop, 1400);
        Line.Silence();
        var said = Line.Probe("mtu", "-n", Line.Target(v6: false).ToString()).Output;
        Assert.Contains("1400 octets pass; larger packets disappear between hop 2 (10.9.2.2) and hop 3", said, StringComparison.Ordinal);
        Assert.Contains("A TCP segment may hold 1360 octets (MSS).", said, StringComparison.Ordinal);
        Assert.Contains("✓ 1400 ", said, StringComparison.Ordinal);
        Assert.Contains("✗ 1401 ", said, StringComparison.Ordinal);
        Assert.Contains("tcp option maxseg size set 1360", said, StringComparison.Ordinal);
    }

    private (PathMtuEvidence Path, LabResult Result) Measure(string[] way, bool v6)
    {
        var result = Line.Probe(["mtu", "-n", "--json", "--flows", "0", .. way, Line.Target(v6).ToString()]);
        return (Assert.Single(ProbeInside.Read(result).PathMtus!), result);
    }

    private void Deafen() => KernelLab.Nft(Line.Server, """
        table inet deaf {
          chain input {
            type filter hook input priority 0; policy drop;
          }
        }
        """);

    private void AssertNothingLearned() => Assert.DoesNotContain("mtu", NarrowLine.LearnedBy(Line.Lab, Line.Client), StringComparison.Ordinal);
}
