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
    private readonly ReadyLine _ready;
    private readonly TimerWheel _later;

    // Targets are numbered here: their indices in the run count those of other schedules, too.
    private readonly Stack<int> _free = [];
    private int[] _numberOf;
    private Entry[] _entries;
    private int _numbers;
    private int _unfinished;

    /// <param name="pace">How fast.</param>
    /// <param name="seed">Seed of the random order.</param>
    /// <param name="targets">About so many targets will come.</param>
    public CheckSchedule(CheckPace pace, int seed, int targets = 0)
    {
        (_pace, _random) = (pace, new Random(seed));
        (_ready, _later) = (new ReadyLine(targets), new TimerWheel(targets));
        (_entries, _numberOf) = (new Entry[targets], new int[targets]);
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
        var number = NewNumber(target.Index);
        _entries[number] = new Entry { Target = target, Window = WindowOf(target), DueNs = nowNs };
        _unfinished++;
        MakeReady(number, among: _ready.Count + 1);
    }

    /// <summary>Another in the place of the target with its index: its interval counts from when it was due last.</summary>
    public void Replace(CheckTarget target)
    {
        var number = _numberOf[target.Index];
        ref var entry = ref _entries[number];
        if (entry is { Turn: Turn.Later, Begun: > 0 })
        {
            _later.Remove(number);
            entry.DueNs = After(entry.DueNs - entry.Target!.IntervalNs, target.IntervalNs);
            _later.Add(number, entry.DueNs);
        }

        entry.Target = target;
    }

    /// <summary>No check of this target begins any more.</summary>
    /// <returns>None is under way either: its index may be given to another.</returns>
    public bool Remove(int index)
    {
        var number = _numberOf[index];
        ref var entry = ref _entries[number];
        switch (entry.Turn)
        {
            case Turn.Ready:
                _ready.Remove(number);
                break;
            case Turn.Later:
                _later.Remove(number);
                break;
        }

        _unfinished -= entry.Turn == Turn.None ? 0 : 1;
        (entry.Turn, entry.Leaving) = (Turn.None, true);
        LeaveWindow(entry.Target!);
        return TryFree(number);
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
        var number = _ready.First;
        ref var entry = ref _entries[number];
        _all.Add(nowNs);
        entry.Window?.Window.Add(nowNs);
        entry.Begun++;
        entry.InFlight++;
        if (entry.Begun < _pace.Count)
        {
            // A little late, it keeps its phase; later than by an interval, it gets another, or checks would follow each other at once.
            var interval = entry.Target!.IntervalNs;
            entry.DueNs = After(nowNs - entry.DueNs < interval ? entry.DueNs : nowNs, interval);
            Wait(number, entry.DueNs);
        }
        else
        {
            _ready.Remove(number);
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
        var number = _numberOf[index];
        ref var entry = ref _entries[number];
        entry.InFlight--;
        if (entry.Leaving)
        {
            isLast = TryFree(number);
            return false;
        }

        isLast = false;
        if (entry.Turn == Turn.Held)
        {
            // Its interval counts from here.
            entry.DueNs = nowNs;
            MakeReady(number, among: 1);
        }

        return true;
    }

    private static long After(long ns, long interval) => interval < long.MaxValue - ns ? ns + interval : long.MaxValue;

    private void TakeDue(long nowNs)
    {
        var together = 0;
        while (_later.TryTake(nowNs, out var number))
        {
            ref var entry = ref _entries[number];
            if (_pace.OneAtATime && entry.InFlight > 0)
            {
                entry.Turn = Turn.Held;
            }
            else
            {
                MakeReady(number, ++together);
            }
        }
    }

    private void MakeReady(int number, int among)
    {
        _entries[number].Turn = Turn.Ready;
        _ready.Add(number);
        _ready.Mingle(number, among, _random);
    }

    // One that is due steps back.
    private void Wait(int number, long untilNs)
    {
        _ready.Remove(number);
        _later.Add(number, untilNs);
        _entries[number].Turn = Turn.Later;
    }

    private int NewNumber(int index)
    {
        if (!_free.TryPop(out var number) && (number = _numbers++) == _entries.Length)
        {
            MakeRoom(number * 2 + 1);
        }

        if (index >= _numberOf.Length)
        {
            Array.Resize(ref _numberOf, Math.Max(index + 1, _numberOf.Length * 2));
        }

        return _numberOf[index] = number;
    }

    private bool TryFree(int number)
    {
        if (_entries[number].InFlight > 0)
        {
            return false;
        }

        _entries[number] = default;
        _free.Push(number);
        return true;
    }

    private void MakeRoom(int targets)
    {
        Array.Resize(ref _entries, targets);
        _later.MakeRoom(targets);
        _ready.MakeRoom(targets);
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

    private void LeaveWindow(CheckTarget target)
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
