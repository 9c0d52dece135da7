using Probe.Core.Packets;
using Probe.Core.Probing;

namespace Probe.Core.Health;

/// <summary>
/// Which target is checked next, and when: each by its own interval, from one due time to the next; those that are due together in a new
/// random order each time, so that no host meets a burst because its ports stand together in a list; so many checks a second in all and of
/// one address and port.
/// </summary>
internal sealed class CheckSchedule
{
    private const long SecondNs = 1_000_000_000;

    // Above this a window would only hold memory: nothing here begins a million checks a second.
    private const double Unlimited = 1e6;

    private readonly CheckPace _pace;
    private readonly Random _random;
    private readonly SlidingWindow _all;
    private readonly Dictionary<(IpAddress Address, ushort Port), SharedWindow>? _each;
    private readonly ReadyLine _ready = new();
    private readonly TimerWheel _later = new(timers: 0);
    private Entry[] _entries = [];
    private int _unfinished;

    public CheckSchedule(CheckPace pace, int seed)
    {
        (_pace, _random) = (pace, new Random(seed));
        var perSpan = pace.MaxPerSecond > Unlimited ? int.MaxValue : Math.Max(1, (int)pace.MaxPerSecond);
        _all = new SlidingWindow(perSpan, perSpan == int.MaxValue ? 0 : (long)(perSpan / pace.MaxPerSecond * SecondNs));
        _each = pace.MaxPerTargetPerSecond == int.MaxValue ? null : [];
    }

    private enum Turn : byte
    {
        /// <summary>None: every check of it has begun.</summary>
        None,

        /// <summary>It has come.</summary>
        Ready,

        /// <summary>It comes at a time.</summary>
        Later,

        /// <summary>It has come, but the check before is not over.</summary>
        Held,
    }

    /// <summary>Every check of the targets known so far has begun.</summary>
    public bool IsDone => _unfinished == 0;

    /// <summary>One more target, whose first check is due at once, in a random place among those that are due.</summary>
    public void Add(CheckTarget target, long nowNs)
    {
        if (target.Index >= _entries.Length)
        {
            Array.Resize(ref _entries, Math.Max(target.Index + 1, _entries.Length * 2));
            _later.MakeRoom(_entries.Length);
        }

        _entries[target.Index] = new Entry { Target = target, Window = WindowOf(target), DueNs = nowNs };
        _unfinished++;
        MakeReady(target.Index, among: _ready.Count + 1);
    }

    /// <summary>Another in the place of the target with its index: its interval counts from when it was due last.</summary>
    public void Replace(CheckTarget target)
    {
        ref var entry = ref _entries[target.Index];
        if (entry is { Turn: Turn.Later, Begun: > 0 })
        {
            _later.Remove(target.Index);
            entry.DueNs = After(entry.DueNs - entry.Target!.IntervalNs, target.IntervalNs);
            _later.Add(target.Index, entry.DueNs);
        }

        entry.Target = target;
    }

    /// <summary>No check of this target begins any more.</summary>
    /// <returns>None is under way either: its index may be given to another.</returns>
    public bool Remove(int index)
    {
        ref var entry = ref _entries[index];
        switch (entry.Turn)
        {
            case Turn.Ready:
                _ready.Remove(index);
                break;
            case Turn.Later:
                _later.Remove(index);
                break;
        }

        _unfinished -= entry.Turn == Turn.None ? 0 : 1;
        (entry.Turn, entry.Leaving) = (Turn.None, true);
        Release(entry.Target!);
        return entry.InFlight == 0;
    }

    /// <summary>
    /// The check that may begin now; false with the time at which to ask again. The same answer until <see cref="Begun"/>.
    /// </summary>
    public bool TryPeek(long nowNs, out CheckTarget target, out int attempt, out long nextNs)
    {
        (target, attempt) = (null!, 0);
        TakeDue(nowNs);
        nextNs = _all.NextNs;
        if (_ready.Count > 0 && nextNs > nowNs)
        {
            return false;
        }

        while (_ready.Count > 0)
        {
            ref var entry = ref _entries[_ready.First];
            if (entry.Window is not { Window.NextNs: var readyNs } || readyNs <= nowNs)
            {
                (target, attempt) = (entry.Target!, entry.Begun + 1);
                return true;
            }

            // A target whose own window is full steps aside for the next one that may go.
            Wait(_ready.First, readyNs);
        }

        nextNs = _later.Count == 0 ? long.MaxValue : _later.NextNs(nowNs + SecondNs);
        return false;
    }

    /// <summary>The check that <see cref="TryPeek"/> named has begun.</summary>
    public void Begun(long nowNs)
    {
        var index = _ready.First;
        ref var entry = ref _entries[index];
        _all.Add(nowNs);
        entry.Window?.Window.Add(nowNs);
        entry.Begun++;
        entry.InFlight++;
        if (entry.Begun < _pace.Count)
        {
            // A little late, it keeps its phase; later than by an interval, it gets another, or checks would follow each other at once.
            var interval = entry.Target!.IntervalNs;
            entry.DueNs = After(nowNs - entry.DueNs < interval ? entry.DueNs : nowNs, interval);
            Wait(index, entry.DueNs);
        }
        else
        {
            _ready.Remove(index);
            entry.Turn = Turn.None;
            _unfinished--;
        }
    }

    /// <summary>A check is over.</summary>
    /// <param name="index">Of which target.</param>
    /// <param name="nowNs">Now.</param>
    /// <param name="isLast">The target was removed, and nothing of it is under way any more.</param>
    /// <returns>False for a target that was removed: the outcome is nobody's.</returns>
    public bool Ended(int index, long nowNs, out bool isLast)
    {
        ref var entry = ref _entries[index];
        entry.InFlight--;
        isLast = entry is { Leaving: true, InFlight: 0 };
        if (entry.Turn == Turn.Held)
        {
            // Its interval counts from here.
            entry.DueNs = nowNs;
            MakeReady(index, among: 1);
        }

        return !entry.Leaving;
    }

    private static long After(long ns, long interval) => interval < long.MaxValue - ns ? ns + interval : long.MaxValue;

    private void TakeDue(long nowNs)
    {
        var together = 0;
        while (_later.TryTake(nowNs, out var index))
        {
            ref var entry = ref _entries[index];
            if (_pace.OneAtATime && entry.InFlight > 0)
            {
                entry.Turn = Turn.Held;
            }
            else
            {
                MakeReady(index, ++together);
            }
        }
    }

    private void MakeReady(int index, int among)
    {
        _entries[index].Turn = Turn.Ready;
        _ready.Add(index);
        _ready.Mingle(index, among, _random);
    }

    // One that is due steps back.
    private void Wait(int index, long untilNs)
    {
        _ready.Remove(index);
        _later.Add(index, untilNs);
        _entries[index].Turn = Turn.Later;
    }

    private SharedWindow? WindowOf(CheckTarget target)
    {
        if (_each is null)
        {
            return null;
        }

        var key = (target.SentTo, target.Port);
        if (!_each.TryGetValue(key, out var window))
        {
            _each.Add(key, window = new SharedWindow(new SlidingWindow(_pace.MaxPerTargetPerSecond, SecondNs)));
        }

        window.Users++;
        return window;
    }

    private void Release(CheckTarget target)
    {
        if (_each is not null && _each.TryGetValue((target.SentTo, target.Port), out var window) && --window.Users == 0)
        {
            _each.Remove((target.SentTo, target.Port));
        }
    }

    private struct Entry
    {
        public CheckTarget? Target;
        public SharedWindow? Window;
        public Turn Turn;
        public bool Leaving;
        public int Begun;
        public int InFlight;
        public long DueNs;
    }

    /// <summary>How often one address and port was checked lately, by all targets that have them.</summary>
    private sealed class SharedWindow(SlidingWindow window)
    {
        public SlidingWindow Window { get; } = window;

        public int Users { get; set; }
    }
}
