using System.Diagnostics;
using Probe.Cli.Live;
using Probe.Core.Tracing;

namespace Probe.Cli.Trace;

/// <summary>What the view shows at one moment, and how long it took to put together.</summary>
internal sealed class LiveSnapshots(TraceRequest request, TraceAids aids)
{
    private long _lastCostNs;

    /// <summary>Puts one together.</summary>
    /// <param name="open">The trace that is probing.</param>
    /// <param name="onlyFlow">The one flow to show; null for all.</param>
    /// <param name="nowNs">The wire's clock.</param>
    /// <param name="notice">A word to the user; null for none.</param>
    public LiveSnapshot Make(OpenTrace open, int? onlyFlow, long nowNs, string? notice)
    {
        var begun = Stopwatch.GetTimestamp();
        var run = open.MakeBuilder(aids.NameOf).Snapshot(request.Target.Text, open.Wire.ReadLosses().Packets, onlyFlow);
        run = run with { Trace = aids.Annotate(run.Trace) };
        var cost = Stopwatch.GetElapsedTime(begun).Ticks * 100;

        // The first one pays for the compiler, and any one may be held up by others: only two long ones in a row mean something.
        var usual = Math.Min(cost, _lastCostNs);
        _lastCostNs = cost;
        return new LiveSnapshot
        {
            Run = run,
            Started = open.Started,
            ElapsedNs = nowNs - open.ZeroNs,
            CyclesAsked = request.Count == int.MaxValue ? null : request.Count,
            Search = open.Sweep is MultipathTracer search ? SweepWords.Search(search, open.Request.Search!) : null,
            Notice = notice,
            CostNs = usual,
        };
    }
}
