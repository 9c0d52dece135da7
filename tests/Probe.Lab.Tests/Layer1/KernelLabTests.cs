using System.Diagnostics;
using Probe.Lab.Layer1;

namespace Probe.Lab.Tests.Layer1;

public sealed class KernelLabTests
{
    [NeedsLabFact(LabNeed.Namespaces, "traceroute")]
    public void A_line_of_linux_routers_shows_every_hop_in_both_families()
    {
        using var lab = new KernelLab();
        var line = LinuxRouters.Line(lab, 3);
        Assert.Equal(4, line.HopsV4.Count);
        Assert.Equal(line.HopsV4.Select(hop => hop.ToString()), Trace(lab, line.Client, "-4", line.TargetV4.ToString()));
        Assert.Equal(line.HopsV6.Select(hop => hop.ToString()), Trace(lab, line.Client, "-6", line.TargetV6.ToString()));
    }

    [NeedsLabFact(LabNeed.Namespaces, "traceroute")]
    public void A_diamond_of_linux_routers_spreads_udp_flows_over_its_branches()
    {
        using var lab = new KernelLab();
        var diamond = LinuxRouters.Diamond(lab, 2);
        var seen = Enumerable.Range(0, 12)
            .Select(i => BackEndTests.Addresses(lab.Run(diamond.Client, "traceroute", "-n", "-q", "1", "-f", "2", "-m", "2", "-N", "1", "-U", "-p", $"{4000 + i}", diamond.TargetV4.ToString()).Succeeded().Split('\n', 2)[1])[0])
            .ToHashSet();
        Assert.Equal(diamond.HopsV4.Skip(1).Take(2).Select(hop => hop.ToString()).ToHashSet(), seen);
    }

    [NeedsLabFact(LabNeed.Nft)]
    public void Rules_sysctls_and_errors_of_commands_get_through()
    {
        using var lab = new KernelLab();
        var name = lab.Add();
        lab.Nft(name, """
            table inet t {
              chain c {
                type filter hook output priority 0;
                icmp type echo-request drop
              }
            }
            """);
        Assert.Contains("echo-request drop", lab.Run(name, "nft", "list", "ruleset").Succeeded(), StringComparison.Ordinal);
        lab.Sysctl(name, "net.ipv4.ip_default_ttl=77");
        Assert.Equal("77", lab.Run(name, "sysctl", "-n", "net.ipv4.ip_default_ttl").Succeeded().Trim());
        var error = Assert.Throws<InvalidOperationException>(() => lab.Ip(name, "link set nothing up"));
        Assert.Contains("nothing", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => lab.Ip("somebody-elses", "link"));
    }

    [NeedsLabFact(LabNeed.Namespaces)]
    public void A_command_that_hangs_is_killed()
    {
        using var lab = new KernelLab { Limit = TimeSpan.FromMilliseconds(200) };
        var watch = Stopwatch.StartNew();
        var result = lab.Run(lab.Add(), "sleep", "60");
        Assert.True(result.TimedOut);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30));
    }

    [NeedsLabFact(LabNeed.Namespaces)]
    public void Namespaces_go_with_the_lab_and_those_of_the_dead_with_the_next_one()
    {
        string[] names;
        using (var lab = new KernelLab())
        {
            names = lab.Add(2);
            Assert.All(names, name => Assert.True(File.Exists(KernelLab.PathOf(name))));
        }

        Assert.All(names, name => Assert.False(File.Exists(KernelLab.PathOf(name))));

        // Larger than any process id can be.
        LabProcess.Check("ip", ["netns", "add", "pb4194999_0"]);
        KernelLab.Sweep();
        Assert.False(File.Exists(KernelLab.PathOf("pb4194999_0")));
    }

    private static string[] Trace(KernelLab lab, string client, string family, string target) =>
        BackEndTests.Addresses(lab.Run(client, "traceroute", family, "-n", "-q", "1", target).Succeeded().Split('\n', 2)[1]);
}
