using Probe.Cli.Names;
using Probe.Cli.Output;
using Probe.Core.Evidence;
using Probe.Core.Host;
using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Tracing;
using Probe.Report.Charts;
using Probe.Report.Diagnosis;

namespace Probe.Cli.Commands;

/// <summary>Runs one trace: resolve, open, sweep, name, show.</summary>
internal static class TraceRun
{
    private static readonly TimeSpan LongestWaitForNames = TimeSpan.FromSeconds(2);

    public static ExitStatus Run(TraceRequest request, CommandContext context)
    {
        using var aids = TraceAids.Open(request);
        var target = TargetResolver.Resolve(request.Target, request.Probing.Family, context.Cancellation);
        using var session = new TraceSession(request, target, new ProbeNumbers());
        using var wake = context.Cancellation.Register(session.Wire.Wake);

        aids.AskName(target);
        var tracer = session.Tracer;
        var deadlineNs = request.Probing.Deadline is { } deadline ? session.Wire.NowNs + deadline.Ns : long.MaxValue;
        var end = SweepLoop.Run(tracer, session.Wire, deadlineNs, context.Cancellation, _ =>
        {
            aids.Ask(tracer);
            session.Capture?.Drain();
            context.Messages.Progress($"{request.Target.Text}: {tracer.ProbesSent} probes sent, {tracer.ProbesAnswered} answered");
        });
        context.Messages.EndProgress();
        return Conclude(session, aids, context, end, LongestWaitForNames, []);
    }

    /// <summary>What follows the last probe: wait for names, judge, show.</summary>
    /// <param name="session">The run.</param>
    /// <param name="aids">What stands beside it.</param>
    /// <param name="context">Where the results go.</param>
    /// <param name="end">Why it ended.</param>
    /// <param name="longestWait">How long to wait for names.</param>
    /// <param name="earlier">What was missing in sessions before this one.</param>
    internal static ExitStatus Conclude(TraceSession session, TraceAids aids, CommandContext context, SweepEnd end, TimeSpan longestWait,
        IReadOnlyCollection<Gap> earlier)
    {
        var request = session.Request;
        var ended = session.Now;
        var capture = session.Capture?.Finish();
        if (session.Tracer.SendError is { } error)
        {
            throw CannotSend(request, session.Target, session.Size, session.Probing, error);
        }

        aids.Ask(session.Tracer);
        var missing = aids.Wait(longestWait, context.Cancellation);
        var trace = aids.Annotate(session.MakeBuilder(aids.NameOf).Build(request.Target.Text, end, session.Wire.ReadLosses().Packets));
        var bundle = MakeBundle(context, session, trace, end, ended, capture);
        Gap[] more = [.. earlier, .. missing is null ? Array.Empty<Gap>() : [missing]];
        bundle = more.Length == 0 ? bundle : bundle with { Gaps = [.. bundle.Gaps ?? [], .. more] };
        Show(request, context, bundle, trace);
        aids.Picture?.Write(PathPicture.Render(trace));
        return Judge(request, bundle, trace, end).And(missing is null ? ExitStatus.Fine : ExitStatus.Incomplete);
    }

    /// <summary>What the run left in the host's route cache, if anything; it is removed where that is allowed.</summary>
    internal static Gap? DescribeCache(ProbeSession session) => session.CleanRouteCache(out var now) switch
    {
        ExceptionOutcome.Removed => new Gap("route cache", "the kernel learned a path MTU from our ICMPv6 echo; it was removed again"),
        ExceptionOutcome.StaysUntilExpiry => new Gap("route cache",
            $"the kernel learned path MTU {now.Mtu} from our ICMPv6 echo; removing it needs CAP_NET_ADMIN, it expires in {now.ExpiresSeconds} s"),
        _ => null,
    };

    private static UserError CannotSend(TraceRequest request, IpAddress target, int size, ProbeSession session, SendStatus error) => error switch
    {
        SendStatus.TooBig => UserError.CannotRun(
            $"cannot send {size} octets to {target}: the interface {session.Route.Interface} takes less; give a smaller --size"),
        SendStatus.Refused => UserError.CannotRun(
            $"cannot send to {target}: this host refuses it (EPERM); look for a rule in the output chain: nft list ruleset"),
        _ => UserError.CannotRun(
            $"cannot send to {target} by {session.Route.Interface ?? request.Probing.Interface}: no route, or the interface is down; look at: ip route get {target}"),
    };

    private static Bundle MakeBundle(CommandContext context, TraceSession session, TraceEvidence trace, SweepEnd end, Instant ended, CaptureFile? capture)
    {
        var tracer = session.Tracer;
        var gaps = new List<Gap>();
        if (tracer.ProbesSent > TraceEvidenceBuilder.KeptProbes)
        {
            gaps.Add(new Gap("probes", $"only the first {TraceEvidenceBuilder.KeptProbes} of {tracer.ProbesSent} are listed one by one"));
        }

        if (tracer.ProbesNotSent > 0)
        {
            gaps.Add(new Gap("probes", $"this host would not send {tracer.ProbesNotSent} of them; they count as neither sent nor lost"));
        }

        if (session.Capture is { Lost: > 0 and var lost })
        {
            gaps.Add(new Gap("capture", $"{lost} packets came faster than they could be written and are missing in the file"));
        }

        if (session.Probing.ClockSteps > 0)
        {
            gaps.Add(new Gap("kernel stamps", $"the wall clock was set {session.Probing.ClockSteps} times; round-trip times across it are from this process's clock"));
        }

        if (DescribeCache(session.Probing) is { } left)
        {
            gaps.Add(left);
        }

        var bundle = new Bundle
        {
            Tool = ProgramVersion.Tool,
            Command = context.CommandLine,
            Started = session.Started,
            Ended = ended,
            Complete = end == SweepEnd.Done,
            EndReason = Words.Of(end),
            Host = HostFactsReader.Read(),
            Traces = [trace],
            Captures = capture is null ? null : [capture],
            Gaps = gaps.Count == 0 ? null : gaps,
        };
        return RuleSet.All.Judge(bundle).StoreIn(bundle);
    }

    private static void Show(TraceRequest request, CommandContext context, Bundle bundle, TraceEvidence trace)
    {
        switch (request.Output)
        {
            case TraceOutput.Json:
                context.Write(bundle);
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
        var unreached = !trace.Reached && !request.AllowUnreached;
        var faults = (trace.Reached || !request.AllowUnreached) && (bundle.Findings ?? []).Any(Faults.IsFault);
        return unreached || faults ? ExitStatus.Fault : end == SweepEnd.Deadline ? ExitStatus.Incomplete : ExitStatus.Fine;
    }
}
