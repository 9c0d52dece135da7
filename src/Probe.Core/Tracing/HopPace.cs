namespace Probe.Core.Tracing;

/// <summary>
/// How fast one TTL may be probed, and when a flow that gets no answer there is silent. The same flows always without an answer are a
/// silent branch; a flow answered only now and then is a hop that holds back answers, or loss. Such a hop is probed a little faster than it
/// answers: a refused answer costs a token bucket nothing.
/// </summary>
internal sealed class HopPace
{
    private const int AttemptsWhereNobodyAnswered = 2;
    private const int AttemptsWhereSilenceIsKnown = 2;
    private const int AttemptsBesideAnswers = 4;
    private const int MostAttempts = 40;

    // Linux refills one answer a second to one destination: after this long without one, a limited hop answers at least one of several.
    private const long TokenNs = 1_100_000_000;
    private const long BackoffNs = 200_000_000;
    private const long FirstGapNs = 10_000_000;
    private const long LongestGapNs = 1_500_000_000;
    private const long ShortestGapNs = 1_000_000;
    private const long NotableGapNs = 200_000_000;

    // In balance where two of three probes are answered, so that loss up to a third slows nothing down.
    private const double Growth = 1.3;
    private const double Decay = 0.87;

    private const double Gain = 0.08;
    private const double LeastShare = 0.4;
    private const double MostShare = 0.9;
    private const double CrowdedPart = 0.6;

    // A flow is wrongly called silent once in ten thousand.
    private static readonly double SilenceDoubt = Math.Log(10_000);

    private long _nextNs = long.MinValue;
    private long _lastAnswerNs = long.MinValue;
    private bool _hasAnswered;
    private bool _wavers;
    private bool _knowsSilence;
    private double _share = 1;

    /// <summary>Time between two probes; 0 while the hop answers most.</summary>
    public long GapNs { get; private set; }

    /// <summary>The hop did hold back answers for so long that loss is no explanation.</summary>
    public bool IsLimited { get; private set; }

    /// <summary>A balancer before it decides per packet, so that an answer now and silence then need not be a limit.</summary>
    public bool IsBehindChance { get; set; }

    /// <summary>The time that so many answers take at this pace.</summary>
    public long TimeForNs(int answers) => (long)(answers * GapNs / Math.Clamp(_share, LeastShare, 1));

    /// <summary>When a probe may leave to a flow's hop; the past means at once.</summary>
    public long EarliestNs(FlowHop? hop)
    {
        if (IsBehindChance)
        {
            return long.MinValue;
        }

        var paced = GapNs == 0 ? long.MinValue : _nextNs;
        if (hop is not { Received: 0, Missed: >= 2 and var missed } || !_hasAnswered)
        {
            return paced;
        }

        if (_wavers)
        {
            return Math.Max(paced, hop.LastTryNs + Math.Min(missed * BackoffNs, TokenNs));
        }

        return missed == 2 ? Math.Max(_lastAnswerNs, hop.LastTryNs) + TokenNs : paced;
    }

    /// <summary>A probe leaves.</summary>
    public void Sent(long nowNs) => _nextNs = nowNs + GapNs;

    /// <summary>A probe was answered; the answer is counted already.</summary>
    /// <param name="hop">What its flow saw here.</param>
    /// <param name="nowNs">Now.</param>
    /// <param name="late">It was no longer waited for.</param>
    public void Answered(FlowHop hop, long nowNs, bool late)
    {
        _hasAnswered = true;
        _lastAnswerNs = nowNs;
        if (late)
        {
            return;
        }

        _wavers |= hop is { Received: 1, Missed: > 0 };
        _share += Gain * (1 - _share);
        GapNs = GapNs * Decay is var gap && gap < ShortestGapNs ? 0 : (long)gap;
    }

    /// <summary>A probe is no longer waited for.</summary>
    public void Missed(FlowHop hop, long nowNs)
    {
        if (!_hasAnswered)
        {
            return;
        }

        _wavers |= hop.Received > 0;
        _knowsSilence |= !_wavers && hop.Missed >= AttemptsBesideAnswers;
        if (hop.Received == 0 && hop.Missed > AttemptsBesideAnswers)
        {
            // Probably silent: no measure of how fast the others answer.
            return;
        }

        _share -= Gain * _share;
        if (_wavers && !IsBehindChance)
        {
            GapNs = Math.Clamp((long)(GapNs * Growth), FirstGapNs, LongestGapNs);
            IsLimited |= GapNs >= NotableGapNs;
            _nextNs = nowNs + GapNs;
        }
    }

    /// <summary>The flow was tried often enough here to be called silent.</summary>
    public bool IsSilent(FlowHop hop) => hop is { Received: 0, Pending: 0 } && hop.Attempts >= AttemptsForSilence();

    private int AttemptsForSilence()
    {
        if (!_hasAnswered)
        {
            return AttemptsWhereNobodyAnswered;
        }

        if (!_wavers)
        {
            return _knowsSilence ? AttemptsWhereSilenceIsKnown : AttemptsBesideAnswers;
        }

        // Several routers may answer here, and the most crowded of them gives each of its flows a smaller share.
        var share = Math.Clamp(_share, LeastShare, MostShare) * CrowdedPart;
        return Math.Clamp((int)Math.Ceiling(SilenceDoubt / -Math.Log(1 - share)), AttemptsBesideAnswers, MostAttempts);
    }
}
