namespace Probe.Core.Probing;

/// <summary>At most so many events in any span of time; within the span they may come at once.</summary>
internal sealed class SlidingWindow
{
    private readonly int _limit;
    private readonly long _spanNs;
    private readonly List<long> _times = [];
    private int _oldest;

    /// <param name="limit">Events in any one span; <see cref="int.MaxValue"/> for no limit.</param>
    /// <param name="spanNs">The span, nanoseconds.</param>
    public SlidingWindow(int limit, long spanNs)
    {
        _limit = limit;
        _spanNs = spanNs;
    }

    /// <summary>When the next event may happen, at the earliest; <see cref="long.MinValue"/> for at once.</summary>
    public long NextNs => _times.Count < _limit ? long.MinValue : _times[_oldest] + _spanNs;

    /// <summary>Notes an event.</summary>
    public void Add(long nowNs)
    {
        if (_limit == int.MaxValue)
        {
            return;
        }

        if (_times.Count < _limit)
        {
            _times.Add(nowNs);
            return;
        }

        _times[_oldest] = nowNs;
        _oldest = (_oldest + 1) % _limit;
    }
}
