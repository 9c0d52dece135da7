using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Probe.Lab.Layer1;

/// <summary>
/// Network namespaces of one test: real Linux hosts and routers. Their names begin with <c>pb</c> and the process id; they go on
/// <see cref="Dispose"/>, and those of processes that died are swept when the next lab is made. Needs root.
/// </summary>
public sealed partial class KernelLab : IDisposable, IAsyncDisposable
{
    private const string Folder = "/run/netns";

    private readonly List<string> _names = [];

    // Labs of one process must not share names; the clock tells them apart without a counter they would share.
    private readonly string _prefix = string.Create(CultureInfo.InvariantCulture, $"pb{Environment.ProcessId}_{Stopwatch.GetTimestamp():x}");

    public KernelLab() => Sweep();

    /// <summary>Time that a command inside gets.</summary>
    public TimeSpan Limit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Names of the namespaces made so far.</summary>
    public IReadOnlyList<string> Names => _names;

    /// <summary>The file of a namespace.</summary>
    public static string PathOf(string name) => $"{Folder}/{name}";

    /// <summary>Removes namespaces whose process is gone.</summary>
    public static void Sweep()
    {
        if (!Directory.Exists(Folder))
        {
            return;
        }

        foreach (var name in Directory.GetFiles(Folder).Select(path => Path.GetFileName(path)!))
        {
            var match = OwnName().Match(name);
            if (match.Success && !Directory.Exists($"/proc/{match.Groups["pid"].Value}"))
            {
                // Two labs may sweep at once: it is enough that it is gone.
                LabProcess.Run("ip", ["netns", "del", name]);
            }
        }
    }

    /// <summary>Adds namespaces with their loopback up and no duplicate address detection, all in one go, and returns their names.</summary>
    public string[] Add(int count)
    {
        var names = Enumerable.Range(0, count)
            .Select(i => string.Create(CultureInfo.InvariantCulture, $"{_prefix}_{_names.Count + i}"))
            .ToArray();
        _names.AddRange(names);
        LabProcess.Check("ip", ["-batch", "-"], string.Join('\n', names.Select(name => $"netns add {name}")));
        foreach (var name in names)
        {
            Sysctl(name, "net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0", "net.ipv6.conf.default.dad_transmits=0");
            Ip(name, "link set lo up");
        }

        return names;
    }

    /// <summary>Adds one namespace.</summary>
    public string Add() => Add(1)[0];

    /// <summary>Runs lines of <c>ip</c> inside a namespace, all in one process.</summary>
    public void Ip(string name, params IEnumerable<string> lines) => LabProcess.Check("ip", ["-n", Own(name), "-batch", "-"], string.Join('\n', lines));

    /// <summary>Joins two namespaces by a veth pair.</summary>
    public void Join(string name, string device, string peerName, string peerDevice) =>
        Ip(name, $"link add {device} type veth peer name {peerDevice} netns {Own(peerName)}");

    /// <summary>Loads nftables rules inside a namespace.</summary>
    public void Nft(string name, string rules) => LabProcess.Check("ip", ["netns", "exec", Own(name), "nft", "-f", "-"], rules);

    /// <summary>Sets sysctls inside a namespace: <c>net.ipv4.ip_forward=1</c>.</summary>
    public void Sysctl(string name, params IEnumerable<string> settings) =>
        LabProcess.Check("ip", ["netns", "exec", Own(name), "sysctl", "-q", "-p", "-"], string.Join('\n', settings) + "\n");

    /// <summary>Runs a program inside a namespace.</summary>
    public LabResult Run(string name, string program, params string[] arguments) =>
        LabProcess.Run("ip", ["netns", "exec", Own(name), program, .. arguments], limit: Limit);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_names.Count > 0)
        {
            // -force: a name that was never made must not keep the others.
            LabProcess.Run("ip", ["-force", "-batch", "-"], string.Join('\n', _names.Select(name => $"netns del {name}")));
            _names.Clear();
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    private string Own(string name) => _names.Contains(name) ? name : throw new ArgumentException($"{name} is not a namespace of this lab.");

    [GeneratedRegex("^pb(?<pid>[0-9]+)_", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex OwnName();
}
