using System.Globalization;
using Probe.Core.Evidence;

namespace Probe.Core.Host;

/// <summary>Reads the facts about this host that go into every document.</summary>
public static class HostFactsReader
{
    /// <summary>What can be read now; a fact that cannot be read is null.</summary>
    public static HostFacts Read() => new()
    {
        Name = Line("/proc/sys/kernel/hostname"),
        Kernel = Line("/proc/sys/kernel/osrelease"),
        BootId = Line("/proc/sys/kernel/random/boot_id"),
        NetworkNamespace = NetworkNamespace(),
        Capabilities = CapabilityNames.Of(Linux.Capabilities.Effective),
    };

    /// <summary>First line of a small file of the kernel; null when it cannot be read.</summary>
    internal static string? Line(string path) => Lines(path).FirstOrDefault()?.Trim();

    /// <summary>Lines of a small file of the kernel; none when it cannot be read.</summary>
    internal static string[] Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    // The link reads "net:[4026531840]". thread-self: another thread of this process may stand in another namespace.
    private static long? NetworkNamespace()
    {
        var link = new FileInfo("/proc/thread-self/ns/net").LinkTarget;
        return link is not null && long.TryParse(link.AsSpan()[(link.IndexOf('[', StringComparison.Ordinal) + 1)..^1], out var inode)
            ? inode : null;
    }
}
