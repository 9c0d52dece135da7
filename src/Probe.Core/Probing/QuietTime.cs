namespace Probe.Core.Probing;

/// <summary>
/// How long a silent probe keeps others waiting: three times the largest round trip seen, so that only an answer slower than all before is
/// overtaken. Its own answer is still taken afterwards.
/// </summary>
internal static class QuietTime
{
    private const long LeastNs = 100_000_000;

    /// <summary>The time, nanoseconds.</summary>
    /// <param name="largestRttNs">The largest round trip so far; 0 for none.</param>
    public static long After(long largestRttNs) => Math.Max(3 * largestRttNs, LeastNs);
}
