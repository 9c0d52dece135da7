using System.Globalization;

namespace Probe.Core.Host;

/// <summary>How full the connection tracking table of the calling thread's network namespace is, and how long it keeps a SYN.</summary>
public sealed record ConntrackTable
{
    // Expired entries are collected at the latest after a minute (GC_SCAN_INTERVAL_MAX of net/netfilter/nf_conntrack_core.c).
    private const long CollectedWithinSeconds = 60;

    private const double SpareShare = 0.1;

    /// <summary>Entries of this namespace (nf_conntrack_count).</summary>
    public required long Entries { get; init; }

    /// <summary>Most entries (nf_conntrack_max, one number for all namespaces).</summary>
    public required long Limit { get; init; }

    /// <summary>
    /// How long the entry of a SYN that nobody answers counts, seconds: nf_conntrack_tcp_timeout_syn_sent, and until it is collected.
    /// </summary>
    public required long LifetimeSeconds { get; init; }

    /// <summary>Entries that it has room for.</summary>
    public long Free => Math.Max(Limit - Entries, 0);

    /// <summary>Entries that others will not miss.</summary>
    public double Spare => Free * SpareShare;

    /// <summary>New connections a second that nobody answers and that take no more than <see cref="Spare"/>.</summary>
    public double SparePerSecond => Spare / LifetimeSeconds;

    /// <summary>Reads it; null where nothing tracks connections.</summary>
    /// <param name="folder">Where the kernel shows it.</param>
    public static ConntrackTable? Read(string folder = "/proc/sys/net/netfilter")
    {
        if (Number(folder, "nf_conntrack_count") is not { } entries || Number(folder, "nf_conntrack_max") is not { } limit)
        {
            return null;
        }

        // A limit of 0 is none.
        return new ConntrackTable
        {
            Entries = entries,
            Limit = limit == 0 ? long.MaxValue : limit,
            LifetimeSeconds = (Number(folder, "nf_conntrack_tcp_timeout_syn_sent") ?? 120) + CollectedWithinSeconds,
        };
    }

    // Not there: nothing of the kind is loaded, or a container hides it.
    private static long? Number(string folder, string name) =>
        long.TryParse(HostFactsReader.Line(Path.Combine(folder, name)), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number : null;
}
