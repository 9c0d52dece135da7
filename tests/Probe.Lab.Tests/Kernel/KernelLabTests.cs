using System.Diagnostics;
using Probe.Lab.Networks;

namespace Probe.Lab.Tests.Kernel;

/// <summary>The lab leaves nothing behind, whatever happens inside it.</summary>
public sealed class KernelLabTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    [NeedsFact(Need.Namespaces | Need.Ping)]
    public void A_line_forwards_and_is_gone_afterwards()
    {
        string[] names;
        using (var lab = new KernelLab())
        {
            var line = LinuxLine.Build(lab, 3);
            names = [line.Client, line.Router(1), line.Router(2), line.Server];
            Assert.All(names, name => Assert.StartsWith($"pb{Environment.ProcessId}_", name, StringComparison.Ordinal));
            foreach (var v6 in new[] { false, true })
            {
                var ping = lab.Run(line.Client, s_limit, "ping", "-n", "-c", "1", "-W", "2", line.Target(v6).ToString());
                Assert.True(ping.Status == 0, ping.ToString());
            }
        }

        Assert.All(names, name => Assert.False(File.Exists(KernelLab.PathOf(name))));
    }

    [NeedsFact(Need.Namespaces)]
    public void A_set_up_that_fails_is_removed_as_well()
    {
        string name;
        using (var lab = new KernelLab())
        {
            name = lab.AddNamespaces(1)[0];
            var error = Assert.Throws<InvalidOperationException>(() => KernelLab.Ip([$"-n {name} link add nonsense type nonsense"]));
            Assert.Contains("nonsense", error.Message, StringComparison.Ordinal);
        }

        Assert.False(File.Exists(KernelLab.PathOf(name)));
    }

    [NeedsFact(Need.Namespaces)]
    public void A_program_that_does_not_end_is_killed_with_its_children()
    {
        using var lab = new KernelLab();
        var name = lab.AddNamespaces(1)[0];
        var clock = Stopwatch.StartNew();
        var error = Assert.Throws<TimeoutException>(() => lab.Run(name, TimeSpan.FromMilliseconds(300), "sh", "-c", "echo begun; sleep 1000 & sleep 1000"));
        Assert.Contains("begun", error.Message, StringComparison.Ordinal);
        Assert.True(clock.Elapsed < s_limit);

        // What is killed is gone once the kernel has run it for the last time.
        Assert.True(SpinWait.SpinUntil(() => Shell.Run("ip", "netns", "pids", name).Length == 0, s_limit));
    }

    [NeedsFact(Need.Namespaces)]
    public void What_still_runs_at_the_end_is_ended()
    {
        int id;
        using (var lab = new KernelLab())
        {
            var process = lab.Start(lab.AddNamespaces(1)[0], "sleep", "1000");
            id = process.Id;
            Assert.True(Directory.Exists($"/proc/{id}"));
        }

        Assert.False(Directory.Exists($"/proc/{id}"));
    }

    [NeedsFact(Need.Namespaces)]
    public void What_a_dead_process_left_is_swept_and_what_a_living_one_has_is_not()
    {
        // A process that has ended, and one that lives: the test's own parent of all.
        using var ended = Process.Start(new ProcessStartInfo("true"))!;
        ended.WaitForExit();
        var (stale, alive) = ($"pb{ended.Id}_1", "pb1_99");
        Shell.Run("ip", "netns", "add", stale);
        Shell.Run("ip", "netns", "add", alive);
        try
        {
            using var lab = new KernelLab();
            Assert.False(File.Exists(KernelLab.PathOf(stale)));
            Assert.True(File.Exists(KernelLab.PathOf(alive)));
        }
        finally
        {
            Shell.Run("ip", "netns", "del", alive);
        }
    }

    [NeedsFact(Need.Namespaces)]
    public void Settings_and_exit_statuses_are_those_of_the_namespace_and_the_program()
    {
        using var lab = new KernelLab();
        var names = lab.AddNamespaces(2);
        KernelLab.Sysctl(names[0], ("net.ipv4.ip_forward", "1"));
        KernelLab.Sysctl(names[1], ("net.ipv4.ip_forward", "0"));
        Assert.Equal(["1", "0"], names.Select(name => lab.Run(name, s_limit, "cat", "/proc/sys/net/ipv4/ip_forward").Output.Trim()));
        var result = lab.Run(names[0], s_limit, "sh", "-c", "echo out; echo err >&2; exit 7");
        Assert.Equal((7, "out\n", "err\n"), (result.Status, result.Output, result.Error));
    }
}
