using System.Runtime.InteropServices;
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

    private readonly List<CheckTarget> _targets = [];
    private readonly CheckRunOptions _options;
    private readonly Random _random;
    private readonly SlidingWindow _all;
    private readonly Dictionary<(IpAddress Address, ushort Port), SlidingWindow>? _each;
    private readonly List<int> _order = [];
    private readonly List<int> _begun = [];
    private int _position;
    private long _left;
    private int _round;
    private long _roundBeganNs;

    public CheckSchedule(IReadOnlyList<CheckTarget> targets, CheckRunOptions options, int seed)
    {
        (_options, _random) = (options, new Random(seed));
        var perSpan = options.MaxPerSecond > Unlimited ? int.MaxValue : Math.Max(1, (int)options.MaxPerSecond);
        _all = new SlidingWindow(perSpan, perSpan == int.MaxValue ? 0 : (long)(perSpan / options.MaxPerSecond * SecondNs));
        _each = options.MaxPerTargetPerSecond == int.MaxValue ? null : [];
        foreach (var target in targets)
        {
            Add(target);
        }
    }

    /// <summary>Every check of the targets known so far has begun.</summary>
    public bool IsDone => _left == 0;

    /// <summary>One more target, somewhere among those whose turn is still to come in this round; it gets as many checks as any.</summary>
    public void Add(CheckTarget target)
    {
        var index = _targets.Count;
        _targets.Add(target);
        _begun.Add(0);
        _left += _options.Count;
        if (_round > 0)
        {
            _order.Add(index);
            var place = _random.Next(_position, _order.Count);
            (_order[place], _order[^1]) = (_order[^1], _order[place]);
        }
    }

    /// <summary>The check that may begin now; false with the time at which to ask again. The same answer until <see cref="Begun"/>.</summary>
    public bool TryPeek(long nowNs, out CheckTarget target, out int attempt, out long nextNs)
    {
        (target, attempt, nextNs) = (null!, 0, long.MaxValue);
        if (IsDone)
        {
            return false;
        }

        if (_position == _order.Count)
        {
            nextNs = _round == 0 ? nowNs : _roundBeganNs + _options.IntervalNs;
            if (nextNs > nowNs)
            {
                return false;
            }

            (_position, _roundBeganNs) = (0, nowNs);
            _round++;
            Shuffle();
        }

        nextNs = _all.NextNs;
        if (nextNs > nowNs || !TryFindReady(nowNs, out nextNs))
        {
            return false;
        }

        var index = _order[_position];
        (target, attempt) = (_targets[index], _begun[index] + 1);
        return true;
    }

    /// <summary>The check that <see cref="TryPeek"/> named has begun.</summary>
    public void Begun(long nowNs)
    {
        _all.Add(nowNs);
        WindowOf(_order[_position])?.Add(nowNs);
        _begun[_order[_position]]++;
        _left--;
        _position++;
    }

    private void Shuffle()
    {
        _order.Clear();
        for (var index = 0; index < _targets.Count; index++)
        {
            if (_begun[index] < _options.Count)
            {
                _order.Add(index);
            }
        }

        _random.Shuffle(CollectionsMarshal.AsSpan(_order));
    }

    // A target whose own window is full steps aside for the next one that may go.
    private bool TryFindReady(long nowNs, out long nextNs)
    {
        nextNs = long.MaxValue;
        for (var at = _position; at < _order.Count; at++)
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

        var key = (_targets[index].SentTo, _targets[index].Port);
        if (!_each.TryGetValue(key, out var window))
        {
            _each.Add(key, window = new SlidingWindow(_options.MaxPerTargetPerSecond, SecondNs));
        }

        return window;
    }
}
