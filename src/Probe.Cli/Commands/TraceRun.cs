using Probe.Cli.Names;
using Probe.Cli.Output;
using Probe.Cli.Parsing;
using Probe.Core.Evidence;
using Probe.Core.Host;
using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Tracing;
using Probe.Report.Diagnosis;

namespace Probe.Cli.Commands;

/// <summary>Runs one trace: resolve, open, sweep, name, show.</summary>
internal static class TraceRun
{
    private static readonly TimeSpan LongestWaitForNames = TimeSpan.FromSeconds(2);

    public static ExitStatus Run(TraceRequest request, CommandContext context)
    {
        var probing = request.Probing;
        var target = TargetResolver.Resolve(request.Target, probing.Family, context.Cancellation);
        var size = SizeFor(request, target);
        using var session = Open(request, target);
        using var names = probing.Numeric ? null : new ReverseNames();
        var tracer = new Tracer(MakeOptions(request, session, target, size), new ProbeNumbers());
        var builder = new TraceEvidenceBuilder(tracer, session.Wire.NowNs, address => names?.NameOf(address));
        var started = new Instant(session.StartedUnixNs + session.Wire.NowNs);
        using var wake = context.Cancellation.Register(session.Wire.Wake);

        names?.Ask(target);
        var deadlineNs = probing.Deadline is { } deadline ? session.Wire.NowNs + deadline.Ns : long.MaxValue;
        var end = SweepLoop.Run(tracer, session.Wire, deadlineNs, context.Cancellation, _ =>
        {
            AskNames(tracer, names);
            context.Messages.Progress($"{request.Target.Text}: {tracer.ProbesSent} probes sent, {tracer.ProbesAnswered} answered");
        });
        var ended = new Instant(session.StartedUnixNs + session.Wire.NowNs);
        context.Messages.EndProgress();
        if (tracer.SendError is { } error)
        {
            throw CannotSend(request, target, size, session, error);
        }

        AskNames(tracer, names);
        names?.Wait(LongestWaitForNames, context.Cancellation);
        var trace = builder.Build(request.Target.Text, end, session.Wire.ReadLosses().Packets);
        var bundle = MakeBundle(context, session, trace, end, started, ended, tracer);
        Show(request, context, bundle, trace);
        return Judge(request, bundle, trace, end);
    }

    /// <summary>Octets of a probe to this target.</summary>
    /// <exception cref="UserError">The user asked for less than the headers take.</exception>
    internal static int SizeFor(TraceRequest request, IpAddress target)
    {
        var size = request.Size ?? ProbeWriter.DefaultSize(target.IsV6);
        var smallest = ProbeWriter.MinimumSize(request.Protocol, target.IsV6);
        return size >= smallest
            ? size
            : throw UserError.Usage($"--size {size} is too small for {request.Protocol.ToString().ToUpperInvariant()} to {target}: its headers take {smallest} octets");
    }

    /// <summary>Opens the sockets.</summary>
    internal static ProbeSession Open(TraceRequest request, IpAddress target) => ProbeSession.Open(new ProbeSessionOptions
    {
        Target = target,
        Protocol = request.Protocol,
        DestinationPort = request.Port ?? 0,
        Flows = request.Flows,
        Source = request.Probing.Source ?? default,
        Interface = request.Probing.Interface,
        Mark = request.Probing.Mark,
        TimeoutNs = request.Probing.Timeout.Ns,
    });

    /// <summary>What the sweep shall do.</summary>
    internal static TraceOptions MakeOptions(TraceRequest request, ProbeSession session, IpAddress target, int size)
    {
        var options = new TraceOptions
        {
            Target = target,
            Source = session.Source,
            Protocol = request.Protocol,
            Flows = session.Flows,
            FirstTtl = request.FirstTtl,
            MaxTtl = request.MaxTtl,
            Cycles = request.Count,
            IntervalNs = request.Interval.Ns,
            TimeoutNs = request.Probing.Timeout.Ns,
            Size = size,
            Dscp = request.Probing.Dscp,
        };
        return request.Probing.Rate switch
        {
            null => options,
            { PerSecond: { } rate } => options with { MaxPerSecond = (int)Math.Clamp(Math.Ceiling(rate), 1, int.MaxValue - 1) },
            _ => options with { MaxPerSecond = int.MaxValue, MaxPerTtlIn10Seconds = int.MaxValue },
        };
    }

    /// <summary>Asks for the names of addresses that are new.</summary>
    internal static void AskNames(Tracer tracer, ReverseNames? names)
    {
        if (names is null)
        {
            return;
        }

        while (tracer.TryTakeNewAddress(out var address))
        {
            names.Ask(address);
        }
    }

    /// <summary>Why not one probe could leave.</summary>
    internal static UserError CannotSend(TraceRequest request, IpAddress target, int size, ProbeSession session, SendStatus error) => error switch
    {
        SendStatus.TooBig => UserError.CannotRun(
            $"cannot send {size} octets to {target}: the interface {session.Route.Interface} takes less; give a smaller --size"),
        SendStatus.Refused => UserError.CannotRun(
            $"cannot send to {target}: this host refuses it (EPERM); look for a rule in the output chain: nft list ruleset"),
        _ => UserError.CannotRun(
            $"cannot send to {target} by {session.Route.Interface ?? request.Probing.Interface}: no route, or the interface is down; look at: ip route get {target}"),
    };

    /// <summary>The document, judged.</summary>
    internal static Bundle MakeBundle(CommandContext context, ProbeSession session, TraceEvidence trace, SweepEnd end, Instant started, Instant ended,
        Tracer tracer)
    {
        var gaps = new List<Gap>();
        if (tracer.ProbesSent > TraceEvidenceBuilder.KeptProbes)
        {
            gaps.Add(new Gap("probes", $"only the first {TraceEvidenceBuilder.KeptProbes} of {tracer.ProbesSent} are listed one by one"));
        }

        if (tracer.ProbesNotSent > 0)
        {
            gaps.Add(new Gap("probes", $"this host would not send {tracer.ProbesNotSent} of them; they count as neither sent nor lost"));
        }

        if (session.ClockSteps > 0)
        {
            gaps.Add(new Gap("kernel stamps", $"the wall clock was set {session.ClockSteps} times; round-trip times across it are from this process's clock"));
        }

        if (DescribeCache(session) is { } left)
        {
            gaps.Add(left);
        }

        var bundle = new Bundle
        {
            Tool = ProgramVersion.Tool,
            Command = context.CommandLine,
            Started = started,
            Ended = ended,
            Complete = end == SweepEnd.Done,
            EndReason = end switch
            {
                SweepEnd.Deadline => "deadline",
                SweepEnd.Interrupted => "interrupted",
                _ => "done",
            },
            Host = HostFactsReader.Read(),
            Traces = [trace],
            Gaps = gaps.Count == 0 ? null : gaps,
        };
        return RuleSet.All.Judge(bundle).StoreIn(bundle);
    }

    /// <summary>What the run left in the host's route cache, if anything; it is removed where that is allowed.</summary>
    internal static Gap? DescribeCache(ProbeSession session) => session.CleanRouteCache(out var now) switch
    {
        ExceptionOutcome.Removed => new Gap("route cache", "the kernel learned a path MTU from our ICMPv6 echo; it was removed again"),
        ExceptionOutcome.StaysUntilExpiry => new Gap("route cache",
            $"the kernel learned path MTU {now.Mtu} from our ICMPv6 echo; removing it needs CAP_NET_ADMIN, it expires in {now.ExpiresSeconds} s"),
        _ => null,
    };

    /// <summary>Writes the result as the user wants it.</summary>
    internal static void Show(TraceRequest request, CommandContext context, Bundle bundle, TraceEvidence trace)
    {
        switch (request.Output)
        {
            case TraceOutput.Json:
                context.Write(bundle);
                break;
            case TraceOutput.Csv:
                TraceCsv.Write(trace, context.Out);
                break;
            default:
                TraceTable.Write(trace, bundle, context.Out, context.Palette);
                break;
        }
    }

    /// <summary>How the process ends.</summary>
    internal static ExitStatus Judge(TraceRequest request, Bundle bundle, TraceEvidence trace, SweepEnd end)
    {
        var unreached = !trace.Reached && !request.AllowUnreached;
        var faults = (trace.Reached || !request.AllowUnreached) && (bundle.Findings ?? []).Any(Faults.IsFault);
        return unreached || faults ? ExitStatus.Fault : end == SweepEnd.Deadline ? ExitStatus.Incomplete : ExitStatus.Fine;
    }
}
