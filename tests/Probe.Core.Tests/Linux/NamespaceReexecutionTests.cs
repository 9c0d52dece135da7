using System.Globalization;
using Probe.Core.Linux.Namespaces;
using Probe.Core.Linux.Netlink;
using Probe.Core.Linux.Sockets;
using Probe.Core.Linux;

namespace Probe.Core.Tests.Linux;

public sealed class NamespaceReexecutionTests(TestNetwork network) : IClassFixture<TestNetwork>, IDisposable
{
    private readonly string _hostResolver = File.Exists("/etc/resolv.conf") ? File.ReadAllText("/etc/resolv.conf") : "";

    [NeedsFact(Need.Namespaces)]
    public void Every_thread_is_inside_a_named_namespace_and_names_are_resolved_its_way()
    {
        var existed = Directory.Exists("/etc/netns");
        var folder = Directory.CreateDirectory("/etc/netns/" + network.Client);
        try
        {
            File.WriteAllText(Path.Combine(folder.FullName, "resolv.conf"), "nameserver 10.77.1.53\n");
            var (status, output, error) = Start(network.Client, "a b", "--json", "");
            Assert.True(status == 0, error);
            AssertAllInside(output);
            Assert.Contains($"arguments {network.Client}|a b|--json|\n", output, StringComparison.Ordinal);
            Assert.Contains("resolver nameserver 10.77.1.53\n", output, StringComparison.Ordinal);
            Assert.Contains("marker none\n", output, StringComparison.Ordinal);
            Assert.Equal(_hostResolver, File.ReadAllText("/etc/resolv.conf"));
        }
        finally
        {
            folder.Delete(recursive: true);
            if (!existed)
            {
                Directory.Delete("/etc/netns");
            }
        }
    }

    [NeedsFact(Need.Namespaces)]
    public void Every_thread_is_inside_a_process_s_namespace()
    {
        using var sleeper = System.Diagnostics.Process.Start("ip", ["netns", "exec", network.Client, "sleep", "30"]);
        try
        {
            // ip becomes sleep once it is inside.
            SpinWait.SpinUntil(() => File.ReadAllText($"/proc/{sleeper.Id}/comm").StartsWith("sleep", StringComparison.Ordinal), 5_000);
            var (status, output, error) = Start("pid:" + sleeper.Id.ToString(CultureInfo.InvariantCulture));
            Assert.True(status == 0, error);
            AssertAllInside(output);
        }
        finally
        {
            sleeper.Kill();
            sleeper.WaitForExit();
        }
    }

    [NeedsFact(Need.Namespaces)]
    public void A_path_names_a_namespace_and_an_inherited_marker_fools_nobody()
    {
        var marker = $"{NetworkNamespace.CurrentInode} {PathOf}";
        var (status, output, error) = Shell.TryRun("env", ["PROBE_NETNS=" + marker + "x", "dotnet", Program, PathOf]);
        Assert.True(status == 0, error);
        AssertAllInside(output);
    }

    [NeedsTheory(Need.Namespaces)]
    [InlineData("nosuch", 3, "find network namespace nosuch")]
    [InlineData("/etc/hostname", 3, "is not a network namespace")]
    [InlineData("pid:2147483646", 3, "there is no process 2147483646")]
    [InlineData("container:0123456789abcdef", 3, "find container 0123456789abcdef")]
    [InlineData("pod:nowhere/nobody", 3, "find pod nowhere/nobody")]
    [InlineData("pid:x", 2, "'x' is no process number")]
    public void A_bad_name_is_one_clear_line(string name, int expected, string words)
    {
        var (status, output, error) = Start(name);
        Assert.Equal(expected, status);
        Assert.Equal("", output);
        Assert.Contains(words, error, StringComparison.Ordinal);
        Assert.Single(error.Trim().Split('\n'));
    }

    [NeedsFact(Need.Namespaces)]
    public void A_namespace_thread_leaves_the_process_where_it_was()
    {
        var here = NetworkNamespace.CurrentInode;
        var there = network.InClient(() => NetworkNamespace.CurrentInode);
        Assert.NotEqual(here, there);
        Assert.Equal(here, NetworkNamespace.CurrentInode);
        Assert.Throws<LinuxException>(() => network.InClient<int>(() => throw new LinuxException(1, "fail")));
        var link = Assert.Single(network.InClient(Links.Read), l => l.HardwareType == DeviceConstants.ARPHRD_ETHER);
        Assert.Equal(("c0", 1500, true, true), (link.Name, link.Mtu, link.IsUp, link.HasCarrier));
    }

    public void Dispose() => Assert.Equal(_hostResolver, File.Exists("/etc/resolv.conf") ? File.ReadAllText("/etc/resolv.conf") : "");

    private static string Program => typeof(NamespaceReexecutionTests).Assembly.Location;

    private string PathOf => TestNetwork.PathOf(network.Client);

    private static (int Status, string Output, string Error) Start(params string[] arguments) => Shell.TryRun("dotnet", [Program, .. arguments]);

    private void AssertAllInside(string output)
    {
        var inside = $"net:[{network.InClient(() => NetworkNamespace.CurrentInode)}]";
        var threads = output.Split('\n').Where(line => line.StartsWith("thread ", StringComparison.Ordinal)).ToArray();
        Assert.True(threads.Length >= 5, output);
        Assert.All(threads, thread => Assert.EndsWith(inside, thread, StringComparison.Ordinal));

        // The program keeps its name (through /proc/self/exe it would be called "exe").
        Assert.Contains(threads, thread => thread.StartsWith("thread dotnet ", StringComparison.Ordinal));
    }
}
