using Probe.Core.Linux.Namespaces;
using Probe.Core.Linux;

namespace Probe.Core.Tests.Linux;

/// <summary>Containers and pods found in a /proc made of files.</summary>
public sealed class ContainerSearchTests : IDisposable
{
    private const string A = "aaaa1111bbbb2222cccc3333dddd4444eeee5555ffff6666aaaa7777bbbb8888";
    private const string B = "aaaa9999bbbb2222cccc3333dddd4444eeee5555ffff6666aaaa7777bbbb8888";
    private const string Uid = "0d8e5a1c-7f30-4b8a-9b1e-3a5c2f9d7e61";

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("probe-proc");

    public ContainerSearchTests()
    {
        Process(1, "0::/init.scope", "1");
        Process(50, $"0::/machine.slice/libpod-conmon-{A}.scope", "50");
    }

    public static TheoryData<string> Groups =>
    [
        $"0::/system.slice/docker-{A}.scope",
        $"12:memory:/docker/{A}\n11:cpu:/docker/{A}\n0::/",
        $"0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{Uid.Replace('-', '_')}.slice/cri-containerd-{A}.scope",
        $"0::/kubepods.slice/kubepods-pod{Uid.Replace('-', '_')}.slice/crio-{A}.scope",
        $"0::/machine.slice/libpod-{A}.scope/container",
        $"4:memory:/kubepods/besteffort/pod{Uid}/{A}",
        $"0::/system.slice/nerdctl-{A}.scope/init",
    ];

    [Theory]
    [MemberData(nameof(Groups))]
    public void A_container_is_found_by_its_id_s_first_digits_and_its_processes_by_their_inner_number(string groups)
    {
        Process(120, groups, "120\t7");
        Process(130, groups, "130\t1");
        Process(140, groups, "140\t12");

        Assert.Equal(130, Search.Container("aaaa1111"));
        Assert.Equal(130, Search.Container(A));
        Assert.Equal(140, Search.ContainerProcess("aaaa1111", 12));
        Assert.Contains("no process of that number", Assert.Throws<LinuxException>(() => Search.ContainerProcess("aaaa1111", 130)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_containers_that_start_alike_are_refused_and_named()
    {
        Process(120, $"0::/docker/{A}", "120\t1");
        Process(130, $"0::/docker/{B}", "130\t1");

        var error = Assert.Throws<LinuxException>(() => Search.Container("aaaa"));
        Assert.Contains("aaaa1111bbbb, aaaa9999bbbb", error.Message, StringComparison.Ordinal);
        Assert.Equal(120, Search.Container("aaaa1"));
    }

    [Fact]
    public void A_container_s_monitor_is_no_member()
    {
        Assert.Throws<LinuxException>(() => Search.Container("aaaa1111"));
    }

    [Fact]
    public void A_pod_is_found_by_the_kubelet_s_log_folder()
    {
        Process(120, $"0::/kubepods.slice/kubepods-pod{Uid.Replace('-', '_')}.slice/cri-containerd-{A}.scope", "120\t1");
        Process(130, $"0::/kubepods.slice/kubepods-pod{Uid.Replace('-', '_').Replace('0', '1')}.slice/cri-containerd-{B}.scope", "130\t1");
        _root.CreateSubdirectory($"logs/shop_web-0_{Uid}");

        Assert.Equal(120, Search.Pod("shop", "web-0"));
        Assert.Contains("another node", Assert.Throws<LinuxException>(() => Search.Pod("shop", "web")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("root/etc/hostname", "web-0\n", "root/var/run/secrets/kubernetes.io/serviceaccount/namespace", "shop")]
    [InlineData("environ", "PATH=/bin\0HOSTNAME=web-0\0", "root/etc/resolv.conf", "search shop.svc.cluster.local svc.cluster.local\nnameserver 10.96.0.10\n")]
    public void A_pod_is_found_by_what_its_processes_show(string nameFile, string name, string namespaceFile, string podNamespace)
    {
        Process(120, $"0::/kubepods/pod{Uid}/{A}", "120\t1");
        Write(120, nameFile, name);
        Write(120, namespaceFile, podNamespace);

        Assert.Equal(120, Search.Pod("shop", "web-0"));
        Assert.Throws<LinuxException>(() => Search.Pod("shop", "web-1"));
        Assert.Throws<LinuxException>(() => Search.Pod("other", "web-0"));
    }

    [Fact]
    public void A_process_that_looks_like_the_pod_but_is_in_none_is_not_taken()
    {
        Process(120, "0::/user.slice", "120");
        Write(120, "root/etc/hostname", "web-0");
        Write(120, "root/etc/resolv.conf", "search shop.svc.cluster.local\n");
        Assert.Throws<LinuxException>(() => Search.Pod("shop", "web-0"));
    }

    [Fact]
    public void An_absolute_link_to_the_resolver_s_file_stays_in_the_process_s_tree()
    {
        Write(120, "root/run/resolve/stub.conf", "nameserver 10.96.0.10\n");
        Directory.CreateDirectory(Path.Combine(_root.FullName, "120/root/etc"));
        File.CreateSymbolicLink(Path.Combine(_root.FullName, "120/root/etc/resolv.conf"), "/run/resolve/stub.conf");
        var found = new ProcessTable(_root.FullName).LocateFileOf(120, "/etc/resolv.conf");
        Assert.Equal(Path.Combine(_root.FullName, "120/root/run/resolve/stub.conf"), found);
    }

    [Theory]
    [InlineData("web", NetworkNamespaceKind.Named, "web", 0)]
    [InlineData("./ns", NetworkNamespaceKind.Path, "./ns", 0)]
    [InlineData("pid:7", NetworkNamespaceKind.Process, "", 7)]
    [InlineData("container:aaaa1", NetworkNamespaceKind.Container, "aaaa1", 0)]
    [InlineData("pid:1@aaaa1", NetworkNamespaceKind.ContainerProcess, "aaaa1", 1)]
    [InlineData("pod:shop/web-0", NetworkNamespaceKind.Pod, "web-0", 0)]
    public void Each_form_is_read(string text, NetworkNamespaceKind kind, string rest, int process)
    {
        Assert.True(NetworkNamespaceName.TryParse(text, out var name, out _));
        Assert.Equal((kind, rest, process), (name.Kind, name.Name, name.ProcessId));
    }

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("pid:")]
    [InlineData("pid:-1")]
    [InlineData("pid:0")]
    [InlineData("pid:99999999999")]
    [InlineData("pid:1@")]
    [InlineData("container:")]
    [InlineData("container:web")]
    [InlineData("container:abc")]
    [InlineData("pod:web-0")]
    [InlineData("pod:/web-0")]
    [InlineData("pod:a/b/c")]
    [InlineData("pod:a/../b")]
    public void A_malformed_name_is_refused(string text)
    {
        Assert.False(NetworkNamespaceName.TryParse(text, out _, out var error));
        Assert.NotEmpty(error);
    }

    public void Dispose() => _root.Delete(recursive: true);

    private ContainerSearch Search => new(new ProcessTable(_root.FullName), Path.Combine(_root.FullName, "logs"));

    private void Process(int id, string groups, string numbers)
    {
        Write(id, "cgroup", groups + "\n");
        Write(id, "status", $"Name:\tx\nPid:\t{id}\nNSpid:\t{numbers}\nVmPeak:\t1 kB\n");
    }

    private void Write(int id, string file, string text)
    {
        var path = Path.Combine(_root.FullName, $"{id}", file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
