using Probe.Core.Packets;

namespace Probe.Core.Health;

/// <summary>
/// What the last check of each target shows of this host's routes, and whether enough checks have ended by now to judge by them.
/// </summary>
internal sealed class LastRoutes(TargetTable targets, IHostView host)
{
    private const int NotAwaited = 0;

    private LastCheck[] _last = new LastCheck[targets.Places];
    private long _sinceNs;
    private int _window;
    private int _awaited;

    /// <summary>A check found no route, and others are waited for to know whose fault that is.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>Notes what a target's check shows.</summary>
    public void Note(in CheckOutcome outcome, RouteState state)
    {
        if (outcome.Target >= _last.Length)
        {
            // Targets may come while others are checked.
            Array.Resize(ref _last, Math.Max(targets.Places, outcome.Target + 1));
        }

        ref var last = ref _last[outcome.Target];
        _awaited -= IsOpen && last.AwaitedIn == _window ? 1 : 0;
        last = new LastCheck { Any = true, State = state, StartedNs = outcome.StartedNs };
    }

    /// <summary>What this target's checks showed counts no more.</summary>
    public void Forget(int target)
    {
        if (target < _last.Length)
        {
            _awaited -= IsOpen && _last[target].AwaitedIn == _window ? 1 : 0;
            _last[target] = default;
        }
    }

    /// <summary>Begins to wait for others.</summary>
    /// <param name="sinceNs">When the check that found no route was begun.</param>
    public void Open(long sinceNs)
    {
        (IsOpen, _sinceNs) = (true, sinceNs);
        Await();
    }

    /// <summary>Waits no longer.</summary>
    public void Close() => IsOpen = false;

    /// <summary>
    /// A check of every target has ended that was begun lately: since the window was opened, or at most half the target's
    /// interval.
    /// </summary>
    public bool HaveAllEnded()
    {
        if (_awaited <= 0)
        {
            // Others may have come meanwhile.
            Await();
        }

        return _awaited == 0;
    }

    /// <summary>
    /// Sums them up for one family. Somebody got through when his route still stands: he may have been checked before the routes went,
    /// and then he is one of those without. An address of this host proves nothing about routes, and a second port of an address shows
    /// nothing new.
    /// </summary>
    public RouteSummary Summarise(bool v6)
    {
        var (through, missing) = (default(TwoAddresses), default(TwoAddresses));
        foreach (var target in targets)
        {
            var address = target.SentTo;
            if (address.IsV6 != v6 || target.Index >= _last.Length || (through.Both && missing.Both))
            {
                continue;
            }

            switch (_last[target.Index].State)
            {
                case RouteState.Missing:
                    missing.Add(address);
                    break;
                case RouteState.Through when host.WayTo(address) is var way && !way.Exists:
                    missing.Add(address);
                    break;
                case RouteState.Through when !host.WayTo(address).IsOwn:
                    through.Add(address);
                    break;
            }
        }

        return new RouteSummary(through, missing);
    }

    private void Await()
    {
        (_window, _awaited) = (_window + 1, 0);
        if (_last.Length < targets.Places)
        {
            Array.Resize(ref _last, targets.Places);
        }

        foreach (var target in targets)
        {
            ref var last = ref _last[target.Index];
            var isFresh = last.Any && (last.StartedNs >= _sinceNs || last.StartedNs > _sinceNs - target.IntervalNs / 2);
            last.AwaitedIn = isFresh ? NotAwaited : _window;
            _awaited += isFresh ? 0 : 1;
        }
    }

    private struct LastCheck
    {
        public bool Any;
        public RouteState State;
        public int AwaitedIn;
        public long StartedNs;
    }
}

/// <summary>What a check shows of routes.</summary>
internal enum RouteState : byte
{
    /// <summary>Nothing: no check yet, a timeout, a fault of this host.</summary>
    Unknown,

    /// <summary>Something came back from outside.</summary>
    Through,

    /// <summary>There was no route.</summary>
    Missing,
}

/// <summary>What the targets of one family show together.</summary>
/// <param name="Through">Who gets through.</param>
/// <param name="Missing">Who has no route.</param>
internal readonly record struct RouteSummary(TwoAddresses Through, TwoAddresses Missing);

/// <summary>Up to two different addresses: enough to know whether there is another than a given one.</summary>
internal record struct TwoAddresses
{
    private IpAddress _first;
    private IpAddress _second;

    /// <summary>There are two.</summary>
    public readonly bool Both => !_second.IsNone;

    /// <summary>It is one of them.</summary>
    public readonly bool Has(IpAddress address) => _first == address || _second == address;

    /// <summary>There is one besides this.</summary>
    public readonly bool HasOther(IpAddress than) => Both || (!_first.IsNone && _first != than);

    /// <summary>Adds one, unless it is known or two are.</summary>
    public void Add(IpAddress address)
    {
        if (_first.IsNone)
        {
            _first = address;
        }
        else if (_first != address && _second.IsNone)
        {
            _second = address;
        }
    }
}
