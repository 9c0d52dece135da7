using System.Globalization;
using System.Text;
using Probe.Core.Linux.Files;
using static Probe.Core.Linux.FileConstants;

namespace Probe.Core.Linux.Namespaces;

/// <summary>
/// Runs the whole process inside a network namespace: setns, then execve of its own program with the same arguments. Entering without
/// that would leave the runtime's threads (pool, timers, sockets, signals) where they were.
/// </summary>
public static class NamespaceReexecution
{
    // Carries "INODE TEXT" to the second run. Both must fit what the second run sees, so a marker that a child process inherited
    // does not fool it.
    private const string Marker = "PROBE_NETNS";

    private const string ResolvConf = "/etc/resolv.conf";

    /// <summary>
    /// Returns in the second run, inside; in the first it does not return. To be called first thing, before any output: names are
    /// resolved with that side's resolv.conf from then on.
    /// </summary>
    /// <exception cref="LinuxException">No such namespace, or no CAP_SYS_ADMIN to enter it.</exception>
    public static void Enter(NetworkNamespaceName name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!IsInside(name))
        {
            Reexecute(NetworkNamespace.Resolve(name));
        }
    }

    private static bool IsInside(NetworkNamespaceName name)
    {
        var marker = Environment.GetEnvironmentVariable(Marker);
        Environment.SetEnvironmentVariable(Marker, null);
        return string.Equals(marker, Value(NetworkNamespace.CurrentInode, name.Text), StringComparison.Ordinal);
    }

    private static void Reexecute(NetworkNamespace target)
    {
        // While /proc still is what it was: the real path (a process named "exe" helps nobody), and octets as they were given. When
        // run as "dotnet probe.dll", the program is dotnet and the dll stands among the arguments.
        var program = new FileInfo("/proc/self/exe").LinkTarget ?? throw new LinuxException(Errno.ENOENT, "find this program's file");
        var arguments = Strings("/proc/self/cmdline");
        var environment = Strings("/proc/self/environ");
        environment.RemoveAll(setting => setting.AsSpan().StartsWith("PROBE_NETNS="u8));
        environment.Add(Encoding.UTF8.GetBytes($"{Marker}={Value(target.Inode, target.Text)}"));

        // Without a resolv.conf of our own there is nothing to put it over; the resolver then asks 127.0.0.1, as it always did here.
        var resolvConf = target.ResolvConf is { } theirs && File.Exists(ResolvConf) ? File.ReadAllBytes(theirs) : null;
        using var file = FileCalls.Open(target.Path, O_RDONLY, "another user's processes need CAP_SYS_PTRACE; run with sudo");
        ProcessCalls.EnterNetworkNamespace(file, target.Text);
        if (resolvConf is not null)
        {
            ProcessCalls.UnshareMounts();
            ProcessCalls.Overlay(ResolvConf, resolvConf);
        }

        ProcessCalls.Execute(program, arguments, environment);
    }

    private static string Value(ulong inode, string text) => string.Create(CultureInfo.InvariantCulture, $"{inode} {text}");

    private static List<byte[]> Strings(string path)
    {
        var strings = new List<byte[]>();
        var rest = File.ReadAllBytes(path).AsSpan();
        for (var end = rest.IndexOf((byte)0); end >= 0; end = rest.IndexOf((byte)0))
        {
            strings.Add(rest[..end].ToArray());
            rest = rest[(end + 1)..];
        }

        return strings;
    }
}
