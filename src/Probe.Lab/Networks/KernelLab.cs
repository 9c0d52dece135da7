using System.Globalization;
using Probe.Core.Linux.Namespaces;

namespace Probe.Lab.Networks;

/// <summary>
/// Real network namespaces of this kernel, for what only Linux knows: ICMP limits, route caches, drops. Named after the process, removed on
/// dispose together with every program that was started inside; what a dead process left is swept when the next lab opens. Needs root.
/// </summary>
public sealed class KernelLab : IDisposable
{
    private const string Folder = "/run/netns/";

    // Generous: a machine with more workers than cores is no reason to fail.
    private static readonly TimeSpan SetUpLimit = TimeSpan.FromSeconds(60);

    // Of the process: labs may open side by side, and no two may take one name.
    private static int s_names;

    private readonly List<string> _namespaces = [];
    private readonly List<LabProcess> _processes = [];

    /// <summary>Opens an empty lab and removes what dead processes left behind.</summary>
    public KernelLab()
    {
        Sweep();
    }

    /// <summary>The file by which a namespace is entered.</summary>
    public static string PathOf(string name) => Folder + name;

    /// <summary>Makes namespaces with a loopback interface each and without duplicate address detection.</summary>
    public IReadOnlyList<string> AddNamespaces(int count)
    {
        string[] names = [.. Enumerable.Range(0, count).Select(_ => $"pb{Environment.ProcessId}_{Interlocked.Increment(ref s_names)}")];

        // Known before they exist: a batch that fails half-way is removed as well.
        _namespaces.AddRange(names);
        Ip(names.Select(name => $"netns add {name}"));
        foreach (var name in names)
        {
            // What is set here is inherited by every interface made later; a host's own defaults are not to leak in.
            Sysctl(name,
                ("net.ipv6.conf.all.accept_dad", "0"), ("net.ipv6.conf.default.accept_dad", "0"),
                ("net.ipv6.conf.default.dad_transmits", "0"),
                ("net.ipv6.conf.default.router_solicitations", "0"), ("net.ipv6.conf.all.disable_ipv6", "0"),
                ("net.ipv6.conf.default.disable_ipv6", "0"),
                ("net.ipv4.conf.all.rp_filter", "0"), ("net.ipv4.conf.default.rp_filter", "0"));
        }

        Ip(names.Select(name => $"-n {name} link set lo up"));
        return names;
    }

    /// <summary>Runs lines of <c>ip</c>; each may begin with <c>-n NAMESPACE</c>. One process a namespace.</summary>
    public static void Ip(IEnumerable<string> lines)
    {
        foreach (var batch in lines.GroupBy(NamespaceOf, StringComparer.Ordinal))
        {
            var arguments = batch.Key.Length == 0 ? (string[])["-batch", "-"] : ["-n", batch.Key, "-batch", "-"];
            var text = string.Concat(batch.Select(line => WithoutNamespace(line, batch.Key) + "\n"));
            RunHere("ip", arguments, text).MustSucceed();
        }
    }

    /// <summary>Loads an nft ruleset.</summary>
    public static void Nft(string name, string rules) =>
        RunHere("ip", ["netns", "exec", name, "nft", "-f", "-"], rules + "\n").MustSucceed();

    /// <summary>Writes kernel settings.</summary>
    public static void Sysctl(string name, params (string Key, string Value)[] settings) => NamespaceThread.Run(PathOf(name), () =>
    {
        foreach (var (key, value) in settings)
        {
            // /proc/sys/net shows the namespace of the thread that looks.
            File.WriteAllText("/proc/sys/" + key.Replace('.', '/'), value);
        }
    });

    /// <summary>
    /// Runs work on a thread of its own inside a namespace; it may only make system calls, as sockets opened there stay there.
    /// </summary>
    public static T In<T>(string name, Func<T> work) => NamespaceThread.Run(PathOf(name), work);

    /// <summary>Runs a program inside a namespace to its end.</summary>
    /// <param name="name">The namespace.</param>
    /// <param name="limit">After so long it is killed, with what it started.</param>
    /// <param name="program">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <exception cref="TimeoutException">It was killed.</exception>
    public LabResult Run(string name, TimeSpan limit, string program, params string[] arguments)
    {
        using var process = Start(name, program, arguments);
        return process.Wait(limit);
    }

    /// <summary>Starts a program inside a namespace; disposing it, or the lab, kills it.</summary>
    public LabProcess Start(string name, string program, params string[] arguments)
    {
        // ip replaces itself by the program, so the id is the program's own.
        var process = LabProcess.Start("ip", ["netns", "exec", name, program, .. arguments], input: null);
        _processes.Add(process);
        return process;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var process in _processes)
        {
            process.Dispose();
        }

        _processes.Clear();
        Remove(_namespaces);
        _namespaces.Clear();
    }

    private static void Sweep()
    {
        if (!Directory.Exists(Folder))
        {
            return;
        }

        Remove([.. Directory.EnumerateFiles(Folder).Select(path => Path.GetFileName(path)!).Where(IsStale)]);
    }

    private static bool IsStale(string name)
    {
        var end = name.IndexOf('_', StringComparison.Ordinal);
        return name.StartsWith("pb", StringComparison.Ordinal) && end > 2
            && int.TryParse(name.AsSpan(2, end - 2), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
            && !Directory.Exists($"/proc/{pid}");
    }

    private static void Remove(IReadOnlyCollection<string> names)
    {
        var present = names.Where(name => File.Exists(PathOf(name))).ToList();
        if (present.Count > 0)
        {
            // Another lab may sweep the same stale name at the same time: only what is still there afterwards has failed.
            var result = RunHere("ip", ["-force", "-batch", "-"], string.Concat(present.Select(name => $"netns del {name}\n")));
            if (present.Any(name => File.Exists(PathOf(name))))
            {
                result.MustSucceed();
            }
        }
    }

    private static LabResult RunHere(string program, string[] arguments, string input)
    {
        using var process = LabProcess.Start(program, arguments, input);
        return process.Wait(SetUpLimit);
    }

    private static string NamespaceOf(string line) =>
        line.StartsWith("-n ", StringComparison.Ordinal) ? line.Split(' ', 3)[1] : "";

    private static string WithoutNamespace(string line, string name) => name.Length == 0 ? line : line[(name.Length + 4)..];
}
