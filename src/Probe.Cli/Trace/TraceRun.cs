using Probe.Cli.Frame;
using Probe.Cli.Names;
using Probe.Cli.Output;
using Probe.Cli.Parsing;
using Probe.Core.Evidence;
using Probe.Core.Host;
using Probe.Core.Linux;
using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Tracing;
using Probe.Core.Vocabulary;
using Probe.Core.Wire;
using Probe.Report.Charts;
using Probe.Report.Diagnosis;

namespace Probe.Cli.Trace;

/// <summary>Runs one trace: resolve, open, sweep, name, show.</summary>
internal static class TraceRun
{
    // Chance that all of them take one of two ways: below one in a hundred.
    private const int FlowsToCompare = 8;
    private const long LongestComparisonNs = 5_000_000_000;
    private static readonly TimeSpan LongestWaitForNames = TimeSpan.FromSeconds(2);

    public static ExitStatus Run(TraceRequest request, CommandContext context)
    {
        using var aids = TraceAids.Open(request);
        var target = TargetResolver.Resolve(request.Target, request.Probing.Family, context.Limit.Ending);
        using var session = new TraceSession(request, target, new ProbeNumbers());
        using var wake = context.Cancellation.Register(session.Wake);

        aids.AskName(target);
        var deadlineNs = context.Limit.On(session.Wire.NowNs);
        SweepEnd end;
        do
        {
            end = SweepLoop.Run(session.Sweep, session.Wire, deadlineNs, context.Cancellation, _ =>
            {
                aids.Ask(session.Sweep);
                session.Capture?.Drain();
                context.Messages.Progress($"{request.Target.Text}: {SweepWords.Progress(session)}");
            });
        }
        while (end == SweepEnd.Done && session.GoOn());
        context.Messages.EndProgress();
        var withPorts = end == SweepEnd.Done && request is { Search: not null, Protocol: ProbeProtocol.Icmp } && session.Capture is null
            ? SendSomeWithPorts(session, context, Math.Min(LongestComparisonNs, deadlineNs - session.Wire.NowNs)) : null;
        return Conclude(session, aids, context, end, LongestWaitForNames, [], withPorts);
    }

    /// <summary>A few UDP flows over the hops that a search by ICMP has found; null when they cannot be sent.</summary>
    private static TraceEvidence? SendSomeWithPorts(TraceSession search, CommandContext context, long longestNs)
    {
        var seen = search.MakeBuilder(_ => null).Build("", SweepEnd.Done, 0);
        var request = search.Request.With(ProbeProtocol.Udp) with
        {
            Search = null, Flows = FlowsToCompare, Count = 1, Interval = Duration.Milliseconds(400), MaxTtl = (byte)(seen.ReachedTtl ?? search.Request.MaxTtl),
        };
        try
        {
            using var session = new TraceSession(request, search.Target, new ProbeNumbers());
            using var wake = context.Cancellation.Register(session.Wake);
            SweepLoop.Run(session.Sweep, session.Wire, session.Wire.NowNs + longestNs, context.Cancellation);
            return session.Sweep.SendError is null ? session.MakeBuilder(_ => null).Build("", SweepEnd.Done, 0) : null;
        }
        catch (Exception e) when (e is LinuxException or UserError)
        {
            // What the search by ICMP has found stands without it, and says that it may not be all.
            return null;
        }
    }

    /// <summary>What follows the last probe: wait for names, judge, show.</summary>
    /// <param name="session">The run.</param>
    /// <param name="aids">What stands beside it.</param>
    /// <param name="context">Where the results go.</param>
    /// <param name="end">Why it ended.</param>
    /// <param name="longestWait">How long to wait for names.</param>
    /// <param name="earlier">What was missing in sessions before this one.</param>
    /// <param name="withPorts">What flows with ports saw of the path, where the probes had none.</param>
    internal static ExitStatus Conclude(TraceSession session, TraceAids aids, CommandContext context, SweepEnd end, TimeSpan longestWait,
        IReadOnlyCollection<Gap> earlier, TraceEvidence? withPorts = null)
    {
        var request = session.Request;
        var ended = session.Now;
        var capture = session.Capture?.Finish();
        if (session.Sweep.SendError is { } error)
        {
            throw CannotSend(request, session.Target, session.Size, session.Probing, error);
        }

        aids.Ask(session.Sweep);
        var missing = aids.Wait(context.Limit.AtMost(longestWait), context.Cancellation);
        var trace = aids.Annotate(session.MakeBuilder(aids.NameOf).Build(request.Target.Text, end, session.Wire.ReadLosses().Packets));
        trace = withPorts is null ? trace : AddressOnlyBalancing.Mark(trace, withPorts);
        var bundle = MakeBundle(context, session, trace, end, ended, capture);
        Gap[] more = [.. earlier, .. missing is null ? Array.Empty<Gap>() : [missing]];
        bundle = more.Length == 0 ? bundle : bundle with { Gaps = [.. bundle.Gaps ?? [], .. more] };
        UnprivilegedTrace.Warn(session, context);
        Show(request, context, bundle, trace);
        aids.Picture?.Write(PathPicture.Render(trace));
        var isWhole = missing is null && session.SearchGap is null && !UnprivilegedTrace.LacksCapture(session);
        return Judge(request, bundle, trace, end).And(isWhole ? ExitStatus.Fine : ExitStatus.Incomplete);
    }

    private static UserError CannotSend(TraceRequest request, IpAddress target, int size, ProbeSession session, SendStatus error) => error switch
    {
        SendStatus.TooBig => UserError.CannotRun(
            $"cannot send {size + request.Probing.Via.Overhead} octets to {FirstStop(request, target)}: the interface {session.Route.Interface} takes less; give a smaller --size"),
        SendStatus.Refused => UserError.CannotRun(
            $"cannot send to {FirstStop(request, target)}: this host refuses it (EPERM); look for a rule in the output chain: nft list ruleset"),
        _ => UserError.CannotRun(
            $"cannot send to {FirstStop(request, target)} by {session.Route.Interface ?? request.Probing.Interface}: no route, or the interface is down; look at: ip route get {FirstStop(request, target)}"),
    };

    /// <summary>Where the packets leave for: the outermost tunnel's end, or the target itself.</summary>
    private static IpAddress FirstStop(TraceRequest request, IpAddress target) => request.Probing.Via.IsEmpty ? target : request.Probing.Via.Layers[0].Remote;

    private static Bundle MakeBundle(CommandContext context, TraceSession session, TraceEvidence trace, SweepEnd end, Instant ended, CaptureFile? capture)
    {
        var tracer = session.Sweep;
        var outOfProbes = trace.StopReason == "max-probes";
        var gaps = new List<Gap>();
        if (tracer.ProbesSent > TraceEvidenceBuilder.KeptProbes)
        {
            gaps.Add(new Gap("probes", $"only the first {TraceEvidenceBuilder.KeptProbes} of {tracer.ProbesSent} are listed one by one"));
        }

        gaps.AddRange(RunGaps.Of(tracer.ProbesNotSent, session.Capture?.Lost ?? 0, session.Probing.ClockSteps));
        if (session.SearchGap is { } unfinished)
        {
            gaps.Add(unfinished);
        }

        if (session is { Search: not null, Request.Protocol: ProbeProtocol.Icmp })
        {
            gaps.Add(new Gap("paths by ports", "ICMP echo has no ports: where a router balances by ports it shows one path of several; --udp and --tcp show all"));
        }

        if (RouteCacheWatch.Describe(session.Probing) is { } left)
        {
            gaps.Add(left);
        }

        gaps.AddRange(UnprivilegedTrace.Gaps(session));

        var bundle = context.Frame(end) with
        {
            Started = session.Started,
            Ended = ended,
            Traces = [trace],
            Captures = capture is null ? null : [capture],
            Gaps = gaps.Count == 0 ? null : gaps,
        };
        if (end == SweepEnd.Done && outOfProbes)
        {
            bundle = bundle with { Complete = false, EndReason = "max-probes" };
        }

        return RuleSet.All.Judge(bundle).StoreIn(bundle);
    }

    private static void Show(TraceRequest request, CommandContext context, Bundle bundle, TraceEvidence trace)
    {
        switch (request.Output)
        {
            case TraceOutput.Json:
                context.Write(bundle);
                break;
            case TraceOutput.Ndjson:
                context.Out.Write(EvidenceJson.Line(trace));
                context.Out.Write(EvidenceJson.LastLine(bundle));
                break;
            case TraceOutput.Csv:
                TraceCsv.Write(trace, context.Out, request.ShowsSystems);
                break;
            case TraceOutput.Dot:
                TraceDot.Write(trace, context.Out);
                break;
            case TraceOutput.Mermaid:
                TraceMermaid.Write(trace, context.Out);
                break;
            case TraceOutput.Paste:
                TracePaste.Write(trace, bundle, context.Out);
                break;
            default:
                TraceTable.Write(trace, bundle, context.Out, context.Palette, request.ShowsSystems);
                break;
        }
    }

    private static ExitStatus Judge(TraceRequest request, Bundle bundle, TraceEvidence trace, SweepEnd end)
    {
        if (end == SweepEnd.Deadline && !trace.Reached)
        {
            // Cut off before its target could answer: that is no fault found.
            return ExitStatus.Incomplete;
        }

        var unreached = !trace.Reached && !request.AllowUnreached;
        var faults = (trace.Reached || !request.AllowUnreached) && (bundle.Findings ?? []).Any(Faults.IsFault);
        return unreached || faults ? ExitStatus.Fault : end == SweepEnd.Deadline ? ExitStatus.Incomplete : ExitStatus.Fine;
    }
}
