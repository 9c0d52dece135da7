using System.Diagnostics;
using Probe.Cli.Parsing;
using Probe.Core.Vocabulary;

namespace Probe.Cli.Frame;

/// <summary>
/// When a run has to end: at the user's first signal, or at <c>--deadline</c>. There is one zero of time for all commands, the start of the
/// program, so that looking up names, opening sockets and waiting for reverse names count as well.
/// </summary>
internal sealed class RunLimit
{
    // What a timer takes at most.
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(40);

    private readonly long _startedTicks = Stopwatch.GetTimestamp();
    private readonly CancellationToken _signals;
    private readonly CancellationTokenSource _ending;
    private TimeSpan? _deadline;

    /// <param name="signals">Cancelled by the first signal.</param>
    public RunLimit(CancellationToken signals)
    {
        _signals = signals;
        _ending = CancellationTokenSource.CreateLinkedTokenSource(signals);
    }

    /// <summary>Cancelled by the first signal and by the deadline: for calls that block.</summary>
    public CancellationToken Ending => _ending.Token;

    /// <summary>What is left of the time; <see cref="TimeSpan.MaxValue"/> without a deadline, never below zero.</summary>
    public TimeSpan Left => _deadline is not { } deadline ? TimeSpan.MaxValue
        : Stopwatch.GetElapsedTime(_startedTicks) is var used && used < deadline ? deadline - used : TimeSpan.Zero;

    /// <summary>Why the run has to end now; <see cref="SweepEnd.Done"/> as long as it may go on.</summary>
    public SweepEnd End => _signals.IsCancellationRequested ? SweepEnd.Interrupted
        : _ending.IsCancellationRequested || Left == TimeSpan.Zero ? SweepEnd.Deadline : SweepEnd.Done;

    /// <summary>The deadline on another clock.</summary>
    /// <param name="nowNs">That clock's time now, nanoseconds.</param>
    /// <returns>Nanoseconds of that clock; <see cref="long.MaxValue"/> without a deadline.</returns>
    public long On(long nowNs) => Left is var left && left == TimeSpan.MaxValue ? long.MaxValue : nowNs + (left.Ticks * 100);

    /// <summary>The shorter of a wait and what is left.</summary>
    public TimeSpan AtMost(TimeSpan wait) => Left < wait ? Left : wait;

    /// <summary>Sets the deadline; null for none.</summary>
    public void Set(Duration? deadline)
    {
        if (deadline is { } longest)
        {
            _deadline = TimeSpan.FromTicks(longest.Ns / 100);
            _ending.CancelAfter(AtMost(LongestTimer));
        }
    }
}
