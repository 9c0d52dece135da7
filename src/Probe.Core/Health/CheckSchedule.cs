using Probe.Core.Packets;
using Probe.Core.Probing;

namespace Probe.Core.Health;

/// <summary>
/// Which target is checked next, and when: rounds in a new random order each, so that no host meets a burst because its ports stand together
/// in a list; so many checks a second in all and of one address and port.
/// </summary>
internal sealed class CheckSchedule
{
    private const long SecondNs = 1_000_000_000;

    // Above this a window would only hold memory: nothing here begins a million checks a second.
    private const double Unlimited = 1e6;

    private readonly IReadOnlyList<CheckTarget> _targets;
    private readonly CheckRunOptions _options;
    private readonly Random _random;
    private readonly SlidingWindow _all;
    private readonly Dictionary<(IpAddress Address, ushort Port), SlidingWindow>? _each;
    private readonly int[] _order;
    private int _position;
    private int _round;
    private long _roundBeganNs;

    public CheckSchedule(IReadOnlyList<CheckTarget> targets, CheckRunOptions options, int seed)
    {
        (_targets, _options, _random) = (targets, options, new Random(seed));
        var perSpan = options.MaxPerSecond > Unlimited ? int.MaxValue : Math.Max(1, (int)options.MaxPerSecond);
        _all = new SlidingWindow(perSpan, perSpan == int.MaxValue ? 0 : (long)(perSpan / options.MaxPerSecond * SecondNs));
        _order = [.. Enumerable.Range(0, targets.Count)];
        _position = _order.Length;
        _each = options.MaxPerTargetPerSecond == int.MaxValue ? null : [];
    }

    /// <summary>Every check has begun.</summary>
    public bool IsDone => _order.Length == 0 || (_position == _order.Length && _round == _options.Count);

    /// <summary>The check that may begin now; false with the time at which to ask again. The same answer until <see cref="Begun"/>.</summary>
    public bool TryPeek(long nowNs, out CheckTarget target, out int attempt, out long nextNs)
    {
        (target, attempt, nextNs) = (null!, 0, long.MaxValue);
        if (IsDone)
        {
            return false;
        }

        if (_position == _order.Length)
        {
            nextNs = _round == 0 ? nowNs : _roundBeganNs + _options.IntervalNs;
            if (nextNs > nowNs)
            {
                return false;
            }

            (_position, _roundBeganNs) = (0, nowNs);
            _round++;
            _random.Shuffle(_order);
        }

        nextNs = _all.NextNs;
        if (nextNs > nowNs || !TryFindReady(nowNs, out nextNs))
        {
            return false;
        }

        (target, attempt) = (_targets[_order[_position]], _round);
        return true;
    }

    /// <summary>The check that <see cref="TryPeek"/> named has begun.</summary>
    public void Begun(long nowNs)
    {
        _all.Add(nowNs);
        WindowOf(_order[_position])?.Add(nowNs);
        _position++;
    }

    // A target whose own window is full steps aside for the next one that may go.
    private bool TryFindReady(long nowNs, out long nextNs)
    {
        nextNs = long.MaxValue;
        for (var at = _position; at < _order.Length; at++)
        {
            var readyNs = WindowOf(_order[at])?.NextNs ?? long.MinValue;
            if (readyNs <= nowNs)
            {
                (_order[_position], _order[at]) = (_order[at], _order[_position]);
                return true;
            }

            nextNs = Math.Min(nextNs, readyNs);
        }

        return false;
    }

    private SlidingWindow? WindowOf(int index)
    {
        if (_each is null)
        {
            return null;
        }

        var key = (_targets[index].Address, _targets[index].Port);
        if (!_each.TryGetValue(key, out var window))
        {
            _each.Add(key, window = new SlidingWindow(_options.MaxPerTargetPerSecond, SecondNs));
        }

        return window;
    }
}
