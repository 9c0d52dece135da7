namespace Probe.Core.Tracing;

/// <summary>
/// One flow swept once over the TTLs with an adaptive window: the first eight at once, then never more than four above the highest TTL that
/// answered; a TTL that stays silent for long counts as answered here, though its answer is still taken.
/// </summary>
internal sealed class TraceRound
{
    /// <summary>TTLs that a sweep sends at once.</summary>
    public const int FirstBurst = 8;

    /// <summary>TTLs that may be sent beyond the highest one that answered.</summary>
    public const int Window = 4;

    private readonly int _first;
    private readonly int _max;
    private readonly int _knownTarget;
    private readonly TtlState[] _states;
    private int _lastTtl;

    /// <param name="flow">Index of the flow.</param>
    /// <param name="first">First TTL.</param>
    /// <param name="max">Last TTL.</param>
    /// <param name="knownTarget">TTL at which the target answered this flow before; 0 when unknown.</param>
    /// <param name="isFirst">Nothing is known of the flow yet.</param>
    public TraceRound(int flow, int first, int max, int knownTarget, bool isFirst)
    {
        Flow = flow;
        IsFirst = isFirst;
        _first = first;
        _max = max;
        _knownTarget = knownTarget;
        _lastTtl = max;
        NextTtl = first;
        _states = new TtlState[max + 1];
    }

    private enum ProbeState : byte
    {
        NotSent,
        Waiting,
        Answered,
        Silent,
    }

    /// <summary>Index of the flow.</summary>
    public int Flow { get; }

    /// <summary>Nothing was known of the flow when it began.</summary>
    public bool IsFirst { get; }

    /// <summary>The next TTL to send.</summary>
    public int NextTtl { get; private set; }

    /// <summary>So many of the last TTLs sent were not answered that more silence is no surprise.</summary>
    public bool IsSilentLately
    {
        get
        {
            for (var ttl = NextTtl - 1; ttl >= Math.Max(_first, NextTtl - Window); ttl--)
            {
                if (_states[ttl].State == ProbeState.Answered)
                {
                    return false;
                }
            }

            return NextTtl - _first >= Window;
        }
    }

    /// <summary>The target answered this round, or the tunnel to it was refused.</summary>
    public bool Reached { get; private set; }

    /// <summary>Every TTL that matters was answered or has timed out.</summary>
    public bool IsComplete
    {
        get
        {
            if (NextTtl <= _lastTtl && !EndsAtKnownTarget)
            {
                return false;
            }

            for (var ttl = _first; ttl <= _lastTtl && ttl < NextTtl; ttl++)
            {
                if (_states[ttl].State == ProbeState.Waiting)
                {
                    return false;
                }
            }

            return true;
        }
    }

    // Somebody else answered where the target did before: the path has grown, and the target is searched for as if it were new.
    private bool IsSearching => _knownTarget == 0 || _states[_knownTarget].State == ProbeState.Answered;

    // A target known from an earlier round that stays silent may be limiting its answers: no search beyond it in this round.
    private bool EndsAtKnownTarget => _knownTarget != 0 && NextTtl > _knownTarget && _states[_knownTarget].State == ProbeState.Silent;

    /// <summary>True when <see cref="NextTtl"/> may be sent now.</summary>
    /// <param name="nowNs">The run's clock.</param>
    /// <param name="quietNs">A probe that is silent for so long is waited for no longer.</param>
    /// <param name="oneAtATime">Only while none other is waited for.</param>
    public bool MaySend(long nowNs, long quietNs, bool oneAtATime) =>
        NextTtl <= Math.Min(_lastTtl, Allowed(nowNs, quietNs)) && !(oneAtATime && EndOfQuietNs(_first, nowNs, quietNs) != long.MaxValue);

    /// <summary>
    /// When silence will open the window by itself, at the earliest; <see cref="long.MaxValue"/> when it is not what is waited for.
    /// </summary>
    public long WindowOpensNs(long nowNs, long quietNs, bool oneAtATime) => NextTtl > _lastTtl || !(IsSearching || oneAtATime)
        ? long.MaxValue
        : EndOfQuietNs(oneAtATime ? _first : Math.Max(_first, NextTtl - Window), nowNs, quietNs);

    /// <summary>The probe with <see cref="NextTtl"/> was handed out.</summary>
    public void Sent(long nowNs)
    {
        _states[NextTtl] = new TtlState(ProbeState.Waiting, nowNs);

        // A probe taken back stands before others that did leave.
        while (NextTtl < _states.Length && _states[NextTtl].State != ProbeState.NotSent)
        {
            NextTtl++;
        }
    }

    /// <summary>The probe could not be sent and shall be tried again.</summary>
    public void TakeBack(int ttl)
    {
        NextTtl = Math.Min(NextTtl, ttl);
        _states[ttl] = default;
    }

    /// <summary>An answer came.</summary>
    /// <param name="ttl">TTL of the probe.</param>
    /// <param name="isLast">It came from the target and is no time-exceeded, or from where a tunnel is refused: nothing beyond can
    /// answer.</param>
    public void Answered(int ttl, bool isLast)
    {
        _states[ttl].State = ProbeState.Answered;
        if (isLast)
        {
            Reached = true;
            _lastTtl = Math.Min(_lastTtl, ttl);
        }
    }

    /// <summary>The time to answer is over.</summary>
    public void TimedOut(int ttl)
    {
        if (_states[ttl].State == ProbeState.Waiting)
        {
            _states[ttl].State = ProbeState.Silent;
        }
    }

    /// <summary>When the first of the probes still waited for, from a TTL on, is waited for no longer.</summary>
    private long EndOfQuietNs(int fromTtl, long nowNs, long quietNs)
    {
        var earliest = long.MaxValue;
        for (var ttl = fromTtl; ttl < NextTtl; ttl++)
        {
            if (_states[ttl].State == ProbeState.Waiting && _states[ttl].SentNs + quietNs > nowNs)
            {
                earliest = Math.Min(earliest, _states[ttl].SentNs + quietNs);
            }
        }

        return earliest;
    }

    private int Allowed(long nowNs, long quietNs)
    {
        var highest = 0;
        for (var ttl = NextTtl - 1; ttl >= _first && highest == 0; ttl--)
        {
            var state = _states[ttl];
            if (state.State == ProbeState.Answered || (IsSearching && IsQuiet(state, nowNs, quietNs)))
            {
                highest = ttl;
            }
        }

        return IsSearching ? Math.Max(_first + FirstBurst - 1, highest + Window) : _knownTarget;
    }

    private static bool IsQuiet(TtlState state, long nowNs, long quietNs) =>
        state.State == ProbeState.Silent || (state.State == ProbeState.Waiting && nowNs - state.SentNs >= quietNs);

    private record struct TtlState(ProbeState State, long SentNs);
}
