using System.Numerics;

namespace Probe.Core.Health;

/// <summary>
/// Deadlines of numbered timers on a wheel of 2²⁰ ns (about 1 ms) steps: adding and removing cost the same however many there are. A
/// deadline is kept to the nanosecond; the wheel only says where to look. One that is more than a turn (4.3 s) away waits in its place for
/// its turn.
/// </summary>
internal sealed class TimerWheel
{
    private const int Shift = 20;
    private const int Places = 4096;
    private const int None = -1;

    private readonly int[] _first = new int[Places];
    private readonly ulong[] _used = new ulong[Places / 64];
    private Timer[] _timers;
    private long _step;

    public TimerWheel(int timers)
    {
        _timers = new Timer[timers];
        _first.AsSpan().Fill(None);
    }

    public int Count { get; private set; }

    /// <summary>Takes timers with numbers below this.</summary>
    public void MakeRoom(int timers) => Array.Resize(ref _timers, timers);

    /// <summary>Sets a timer that is not set.</summary>
    public void Add(int timer, long dueNs)
    {
        // One whose time has passed is found by the next look.
        var place = (int)(Math.Max(dueNs >> Shift, _step) & (Places - 1));
        ref var first = ref _first[place];
        _timers[timer] = new Timer { DueNs = dueNs, Place = place, Before = None, After = first };
        if (first != None)
        {
            _timers[first].Before = timer;
        }

        first = timer;
        _used[place >> 6] |= 1UL << (place & 63);
        Count++;
    }

    /// <summary>Unsets a timer that is set.</summary>
    public void Remove(int timer)
    {
        ref var removed = ref _timers[timer];
        if (removed.After != None)
        {
            _timers[removed.After].Before = removed.Before;
        }

        if (removed.Before != None)
        {
            _timers[removed.Before].After = removed.After;
        }
        else
        {
            _first[removed.Place] = removed.After;
            if (removed.After == None)
            {
                _used[removed.Place >> 6] &= ~(1UL << (removed.Place & 63));
            }
        }

        Count--;
    }

    /// <summary>A timer's time has come.</summary>
    public bool HasDue(long nowNs) => TryFind(nowNs, out _);

    /// <summary>A timer whose time has come, and unsets it; false when there is none.</summary>
    public bool TryTake(long nowNs, out int timer)
    {
        var found = TryFind(nowNs, out timer);
        if (found)
        {
            Remove(timer);
        }

        return found;
    }

    private bool TryFind(long nowNs, out int timer)
    {
        timer = None;
        var last = nowNs >> Shift;
        if (last < _step)
        {
            return false;
        }

        // After a long time every place is looked at once.
        _step = Math.Max(_step, last - Places + 1);
        while (true)
        {
            for (timer = _first[_step & (Places - 1)]; timer != None; timer = _timers[timer].After)
            {
                if (_timers[timer].DueNs <= nowNs)
                {
                    return true;
                }
            }

            var next = NextUsed(_step + 1, last);
            if (next > last)
            {
                _step = last;
                return false;
            }

            _step = next;
        }
    }

    /// <summary>When the next timer is due; <paramref name="limitNs"/> when that is later.</summary>
    public long NextNs(long limitNs)
    {
        var last = limitNs >> Shift;
        for (var step = NextUsed(_step, last); step <= last; step = NextUsed(step + 1, last))
        {
            var due = limitNs;
            for (var timer = _first[step & (Places - 1)]; timer != None; timer = _timers[timer].After)
            {
                due = Math.Min(due, _timers[timer].DueNs);
            }

            if (due < limitNs)
            {
                return due;
            }
        }

        return limitNs;
    }

    /// <summary>
    /// The first step from <paramref name="step"/> on whose place holds a timer; more than <paramref name="last"/> when none does.
    /// </summary>
    private long NextUsed(long step, long last)
    {
        while (step <= last)
        {
            var place = (int)(step & (Places - 1));
            var word = _used[place >> 6] >> (place & 63);
            if (word != 0)
            {
                return step + BitOperations.TrailingZeroCount(word);
            }

            step += 64 - (place & 63);
        }

        return step;
    }

    private struct Timer
    {
        public long DueNs;
        public int Place;
        public int Before;
        public int After;
    }
}
