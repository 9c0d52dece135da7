using System.Globalization;

namespace Probe.Core.Linux.Namespaces;

/// <summary>A network namespace that was found: its file, its identity, and whose resolver it uses.</summary>
public sealed record NetworkNamespace
{
    /// <summary>As the user named it.</summary>
    public required string Text { get; init; }

    /// <summary>File that stands for it, for setns(2).</summary>
    public required string Path { get; init; }

    /// <summary>Inode number of the namespace, by which the kernel and other tools tell it apart.</summary>
    public required ulong Inode { get; init; }

    /// <summary>The process through which it was found; null for a named one or a file.</summary>
    public int? ProcessId { get; init; }

    /// <summary>The resolv.conf of that side; null when it has none of its own.</summary>
    public string? ResolvConf { get; init; }

    /// <summary>Inode of the network namespace of the calling thread.</summary>
    public static ulong CurrentInode => InodeOf("/proc/thread-self/ns/net") ?? 0;

    /// <summary>Finds a namespace on this host.</summary>
    /// <exception cref="LinuxException">No such namespace, process, container or pod, or it may not be looked at.</exception>
    public static NetworkNamespace Resolve(NetworkNamespaceName name) =>
        Resolve(name, new ProcessTable(), new ContainerSearch(new ProcessTable()));

    internal static NetworkNamespace Resolve(NetworkNamespaceName name, ProcessTable processes, ContainerSearch containers)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Kind switch
        {
            NetworkNamespaceKind.Named => OfFile(name, "/run/netns/" + name.Name, $"/etc/netns/{name.Name}/resolv.conf"),
            NetworkNamespaceKind.Path => OfFile(name, name.Name, null),
            NetworkNamespaceKind.Process => OfProcess(name, name.ProcessId, processes),
            NetworkNamespaceKind.Container => OfProcess(name, containers.Container(name.Name), processes),
            NetworkNamespaceKind.ContainerProcess => OfProcess(name, containers.ContainerProcess(name.Name, name.ProcessId), processes),
            _ => OfProcess(name, containers.Pod(name.PodNamespace, name.Name), processes),
        };
    }

    private static NetworkNamespace OfFile(NetworkNamespaceName name, string path, string? resolvConf)
    {
        if (!File.Exists(path))
        {
            throw new LinuxException(
                Errno.ENOENT,
                $"find network namespace {name}",
                name.Kind == NetworkNamespaceKind.Named ? "see: ip netns list" : null);
        }

        return new NetworkNamespace
        {
            Text = name.Text,
            Path = path,
            Inode = InodeOf(path) ?? IdentityOf(path),
            ResolvConf = File.Exists(resolvConf) ? resolvConf : null,
        };
    }

    private static NetworkNamespace OfProcess(NetworkNamespaceName name, int id, ProcessTable processes)
    {
        if (!Directory.Exists(processes.Path(id, "")))
        {
            throw new LinuxException(Errno.ESRCH, $"find network namespace {name}", $"there is no process {id}");
        }

        var path = processes.Path(id, "ns/net");
        return new NetworkNamespace
        {
            Text = name.Text,
            Path = path,
            Inode = InodeOf(path)
                ?? throw new LinuxException(Errno.EACCES, $"look at the network namespace of process {id}",
                    LinuxException.NeedsCapability("CAP_SYS_PTRACE")),
            ProcessId = id,
            ResolvConf = processes.LocateFileOf(id, "/etc/resolv.conf"),
        };
    }

    // The magic link of /proc reads "net:[4026531840]".
    private static ulong? InodeOf(string path)
    {
        try
        {
            var link = new FileInfo(path).LinkTarget;
            return link is not null && link.StartsWith("net:[", StringComparison.Ordinal)
                && ulong.TryParse(link.AsSpan(5).TrimEnd(']'), NumberStyles.None, CultureInfo.InvariantCulture, out var inode)
                ? inode
                : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // A named namespace is a bind mount, whose path tells nothing: only from inside does it show its number.
    private static ulong IdentityOf(string path) => NamespaceThread.Run(path, () => CurrentInode);
}
