using Probe.Core.Evidence;

namespace Probe.Core.Tracing;

/// <summary>Round-trip times of one node for one flow, in nanoseconds.</summary>
internal sealed class RttStatistics
{
    // Percentiles are of the newest samples, so that an endless run keeps its memory.
    private const int KeptSamples = 2048;

    private readonly List<long> _samples = [];
    private double _mean;
    private double _squares;
    private long _differences;
    private int _oldest;
    private RttEvidence? _merged;
    private long _mergedCount;

    /// <summary>Samples seen.</summary>
    public int Count { get; private set; }

    /// <summary>Smallest.</summary>
    public long Min { get; private set; } = long.MaxValue;

    /// <summary>Largest.</summary>
    public long Max { get; private set; }

    /// <summary>Last.</summary>
    public long Last { get; private set; }

    /// <summary>Takes one sample.</summary>
    public void Add(long rttNs)
    {
        if (Count++ > 0)
        {
            _differences += Math.Abs(rttNs - Last);
        }

        // Welford: the sum of squares of deviations without cancellation.
        var delta = rttNs - _mean;
        _mean += delta / Count;
        _squares += delta * (rttNs - _mean);
        Min = Math.Min(Min, rttNs);
        Max = Math.Max(Max, rttNs);
        Last = rttNs;
        if (_samples.Count < KeptSamples)
        {
            _samples.Add(rttNs);
        }
        else
        {
            _samples[_oldest] = rttNs;
            _oldest = (_oldest + 1) % KeptSamples;
        }
    }

    /// <summary>The statistics of what several nodes, or one for several flows, answered; null without a sample.</summary>
    public static RttEvidence? Of(IReadOnlyCollection<FlowNode> nodes) =>
        nodes.Count == 0 ? null : Merge([.. nodes.Select(node => node.Rtt)], nodes.MaxBy(node => node.Last.ReceivedNs)!.Last.RttNs);

    /// <summary>
    /// The statistics of several flows together; null without a sample. Jitter compares consecutive RTTs of one flow only.
    /// </summary>
    public static RttEvidence? Merge(IReadOnlyList<RttStatistics> parts, long last)
    {
        var count = parts.Sum(part => (long)part.Count);
        if (count == 0)
        {
            return null;
        }

        if (parts is [{ Count: 1 } alone])
        {
            // Most nodes of most runs over many targets.
            var rtt = alone.Last;
            return new RttEvidence { Min = rtt, Avg = rtt, Max = rtt, Stddev = 0, Jitter = 0, P50 = rtt, P99 = rtt, Last = last };
        }

        // A view asks ten times a second, but a node answers once or so: sorting is the dear part.
        if (parts is [{ _merged: { } known } only] && only._mergedCount == count && known.Last == last)
        {
            return known;
        }

        var mean = parts.Sum(part => part._mean * part.Count) / count;
        var squares = parts.Sum(part => part._squares + part.Count * (part._mean - mean) * (part._mean - mean));
        var pairs = parts.Sum(part => Math.Max(0L, part.Count - 1));
        long[] sorted = [.. parts.SelectMany(part => part._samples)];
        Array.Sort(sorted);
        var merged = new RttEvidence
        {
            Min = parts.Min(part => part.Min),
            Avg = Round(mean),
            Max = parts.Max(part => part.Max),
            Stddev = Round(Math.Sqrt(Math.Max(0, squares / count))),
            Jitter = pairs == 0 ? 0 : Round(parts.Sum(part => (double)part._differences) / pairs),
            P50 = Percentile(sorted, 0.50),
            P99 = Percentile(sorted, 0.99),
            Last = last,
        };
        if (parts is [var single])
        {
            (single._merged, single._mergedCount) = (merged, count);
        }

        return merged;
    }

    // Nearest rank.
    private static long Percentile(long[] sorted, double share) =>
        sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Length) - 1)];

    private static long Round(double ns) => (long)Math.Round(ns, MidpointRounding.AwayFromZero);
}
