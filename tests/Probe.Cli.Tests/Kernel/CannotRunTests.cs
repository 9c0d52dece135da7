using Probe.Lab.Networks;

namespace Probe.Cli.Tests.Kernel;

/// <summary>What cannot work: one clear line, the right status, nothing sent and nothing left behind.</summary>
public sealed class CannotRunTests(FiveHops shared) : IClassFixture<FiveHops>
{
    private LinuxLine Line => shared.Line;

    private string Target => Line.Target(v6: false).ToString();

    [NeedsFact(ProbeInside.Needs)]
    public void An_unknown_host() =>

        // No network at all: the resolver fails at once instead of waiting for a server that nobody is.
        AssertOneLine(Island(), 3, "nowhere.invalid", "trace", "nowhere.invalid");

    [NeedsTheory(ProbeInside.Needs)]
    [InlineData("192.0.2.1")]
    [InlineData("2001:db8::1")]
    public void No_route(string target)
    {
        var result = AssertOneLine(Island(), 3, target, "trace", "-n", target);
        Assert.Contains("route", result.Error, StringComparison.Ordinal);
    }

    [NeedsTheory(ProbeInside.Needs)]
    [InlineData("70000", "--tcp", "-p", "70000")]
    [InlineData("ICMP", "--icmp", "-p", "80")]
    [InlineData("--size", "--tcp", "-s", "30")]
    [InlineData("--jsn", "--jsn")]
    [InlineData("--dscp", "--dscp", "64")]
    public void Wrong_usage(string named, params string[] arguments)
    {
        using var sent = Line.CountProbes(v6: false);
        AssertOneLine(Line.Client, 2, named, ["trace", "-n", .. arguments, Target]);
        Assert.Equal(0, sent.Packets);
    }

    [NeedsFact(ProbeInside.Needs)]
    public void No_such_namespace() => AssertOneLine(Line.Client, 3, "no_such_place", "trace", "-n", "--netns", "no_such_place", Target);

    [NeedsFact(ProbeInside.Needs)]
    public void No_such_interface() => AssertOneLine(Line.Client, 3, "nosuch0", "trace", "-n", "--interface", "nosuch0", Target);

    [NeedsTheory(ProbeInside.Needs)]
    [InlineData("--icmp")]
    [InlineData("--udp")]
    public void A_source_address_that_is_not_ours(string protocol) =>
        AssertOneLine(Line.Client, 3, "192.0.2.7", "trace", "-n", protocol, "--source", "192.0.2.7", Target);

    [NeedsTheory(ProbeInside.Needs)]
    [InlineData("--icmp")]
    [InlineData("--tcp")]
    public void The_interface_is_down(string protocol)
    {
        using var lab = new KernelLab();
        var line = LinuxLine.Build(lab, 2);
        var target = line.Target(v6: false).ToString();
        KernelLab.Ip([$"-n {line.Client} link set east down"]);
        AssertOneLine(line.Client, 3, "east", "trace", "-n", protocol, "--interface", "east", target);
        AssertOneLine(line.Client, 3, target, "trace", "-n", protocol, target);
    }

    [NeedsFact(ProbeInside.Needs)]
    public void A_packet_that_this_host_itself_refuses()
    {
        KernelLab.Nft(Line.Client, $$"""
            table inet refuse {
              chain out {
                type filter hook output priority 0; policy accept;
                ip daddr {{Target}} drop
              }
            }
            """);
        try
        {
            AssertOneLine(Line.Client, 3, Target, "trace", "-n", Target);
        }
        finally
        {
            KernelLab.Nft(Line.Client, "delete table inet refuse");
        }
    }

    private static void AssertOneLine(LabResult result, int status, string named)
    {
        Assert.True(result.Status == status, result.ToString());
        Assert.Equal("", result.Output);
        Assert.StartsWith("probe: ", result.Error, StringComparison.Ordinal);
        Assert.Contains(named, Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }

    private string Island() => Line.Lab.AddNamespaces(1)[0];

    private LabResult AssertOneLine(string where, int status, string named, params string[] arguments)
    {
        var before = StateOf(where);
        var result = Line.Lab.Run(where, ProbeInside.Limit, ProbeInside.Program, arguments);
        AssertOneLine(result, status, named);
        Assert.Equal(before, StateOf(where));
        Assert.Equal("", Shell.Run("ip", "netns", "pids", where));
        return result;
    }

    // Counters of the test's own tables may move; nothing else may.
    private string StateOf(string where) => Line.Lab.Run(
        where, ProbeInside.Limit, "sh", "-c", "ip -o addr; ip route show table all; ip -6 route show table all; ip rule; ip -6 rule; nft -s list ruleset").MustSucceed().Output;
}
