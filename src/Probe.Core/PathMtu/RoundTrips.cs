namespace Probe.Core.PathMtu;

/// <summary>Round trips seen in this run, and how long to wait for one more.</summary>
/// <param name="timeoutNs">No wait is longer, nanoseconds.</param>
internal sealed class RoundTrips(long timeoutNs)
{
    // Room for the scheduling of two hosts.
    private const long MarginNs = 8_000_000;

    private readonly List<long> _sorted = [];

    /// <summary>Nothing was answered yet.</summary>
    public bool IsEmpty => _sorted.Count == 0;

    /// <summary>Half of them were shorter, nanoseconds; null when there is none.</summary>
    public long? MedianNs => IsEmpty ? null : _sorted[_sorted.Count / 2];

    /// <summary>
    /// How long a probe is waited for before its round goes on without it: a quarter more than the median round trip and twice what the
    /// slower ones take more, so that one slow answer (the first often is) does not slow down the whole search.
    /// </summary>
    public long WaitNs
    {
        get
        {
            if (IsEmpty)
            {
                return timeoutNs;
            }

            var median = _sorted[_sorted.Count / 2];
            var slower = _sorted[Math.Max(_sorted.Count / 2, (_sorted.Count * 9 / 10) - 1)];
            return Math.Min(timeoutNs, median + (median / 4) + (2 * (slower - median)) + MarginNs);
        }
    }

    /// <summary>How long a probe is waited for whose loss decides: half more than the longest round trip.</summary>
    public long PatientNs => IsEmpty ? timeoutNs : Math.Min(timeoutNs, Math.Max(WaitNs, _sorted[^1] + (_sorted[^1] / 2)));

    /// <summary>The longest of them, nanoseconds; the timeout when there is none.</summary>
    public long LongestNs => IsEmpty ? timeoutNs : _sorted[^1];

    /// <summary>One more.</summary>
    public void Add(long rttNs)
    {
        var at = _sorted.BinarySearch(rttNs);
        _sorted.Insert(at < 0 ? ~at : at, rttNs);
    }
}
