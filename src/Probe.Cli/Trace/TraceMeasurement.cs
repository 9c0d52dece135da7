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

/// <summary>One trace: resolve, open, sweep, name.</summary>
internal sealed class TraceMeasurement(TraceRequest request) : IMeasurement
{
    // Chance that all of them take one of two ways: below one in a hundred.
    private const int FlowsToCompare = 8;
    private const long LongestComparisonNs = 5_000_000_000;
    private static readonly TimeSpan LongestWaitForNames = TimeSpan.FromSeconds(2);

    /// <inheritdoc/>
    public Measured Measure(RunFrame frame)
    {
        using var aids = TraceAids.Open(request);
        var target = TargetResolver.Resolve(request.Target, request.Probing.Family, frame.Limit.Ending);
        using var open = new OpenTrace(request, target, new ProbeNumbers(), frame);
        using var wake = frame.Cancellation.Register(open.Wake);
        aids.AskName(target);
        SweepEnd end;
        do
        {
            end = frame.Sweep(open.Sweep, open.Wire, _ =>
            {
                aids.Ask(open.Sweep);
                frame.Messages.Progress($"{request.Target.Text}: {SweepWords.Progress(open)}");
            }, frame.Cancellation);
        }
        while (end == SweepEnd.Done && open.GoOn());
        frame.Messages.EndProgress();
        var withPorts = end == SweepEnd.Done && request is { Search: not null, Protocol: ProbeProtocol.Icmp } && !open.IsRecorded
            ? SendSomeWithPorts(open, frame) : null;
        return Conclude(open, aids, frame, end, LongestWaitForNames, [], withPorts);
    }

    /// <summary>A few UDP flows over the hops that a search by ICMP has found; null when they cannot be sent.</summary>
    private static TraceEvidence? SendSomeWithPorts(OpenTrace search, RunFrame frame)
    {
        var seen = search.MakeBuilder(_ => null).Build("", SweepEnd.Done, 0);
        var request = search.Request.With(ProbeProtocol.Udp) with
        {
            Search = null, Flows = FlowsToCompare, Count = 1, Interval = Duration.Milliseconds(400),
            MaxTtl = (byte)(seen.ReachedTtl ?? search.Request.MaxTtl),
        };
        try
        {
            using var open = new OpenTrace(request, search.Target, new ProbeNumbers());
            using var wake = frame.Cancellation.Register(open.Wake);
            var nowNs = open.Wire.NowNs;
            SweepLoop.Run(open.Sweep, open.Wire, Math.Min(nowNs + LongestComparisonNs, frame.Limit.On(nowNs)), frame.Cancellation);
            return open.Sweep.SendError is null ? open.MakeBuilder(_ => null).Build("", SweepEnd.Done, 0) : null;
        }
        catch (Exception e) when (e is LinuxException or UserError)
        {
            // What the search by ICMP has found stands without it, and says that it may not be all.
            return null;
        }
    }

    /// <summary>What follows the last probe: wait for names, and say what was seen.</summary>
    /// <param name="open">The sweep and its sockets.</param>
    /// <param name="aids">What stands beside it.</param>
    /// <param name="frame">The run.</param>
    /// <param name="end">Why it ended.</param>
    /// <param name="longestWait">How long to wait for names.</param>
    /// <param name="earlier">What was missing in traces before this one.</param>
    /// <param name="withPorts">What flows with ports saw of the path, where the probes had none.</param>
    internal static Measured Conclude(OpenTrace open, TraceAids aids, RunFrame frame, SweepEnd end, TimeSpan longestWait,
        IReadOnlyCollection<Gap> earlier, TraceEvidence? withPorts = null)
    {
        var request = open.Request;
        var ended = open.Now;
        if (open.Sweep.SendError is { } error)
        {
            throw CannotSend(request, open.Target, open.Size, open.Sockets, error);
        }

        if (open.IsRecorded)
        {
            frame.EndRecording();
        }

        aids.Ask(open.Sweep);
        var missing = aids.Wait(frame.Limit.AtMost(longestWait), frame.Cancellation);
        var trace = aids.Annotate(open.MakeBuilder(aids.NameOf).Build(request.Target.Text, end, open.Wire.ReadLosses().Packets));
        trace = withPorts is null ? trace : AddressOnlyBalancing.Mark(trace, withPorts);
        aids.Picture?.Write(PathPicture.Render(trace));

        // Cut off before its target could answer: that is no fault found.
        var isCutOff = end == SweepEnd.Deadline && !trace.Reached;
        return new Measured
        {
            End = end == SweepEnd.Done && trace.StopReason == StopReason.MaxProbes ? SweepEnd.MaxProbes : end,
            Started = open.IsReset ? open.Started : null,
            Ended = ended,
            Traces = [trace],
            Gaps = [.. Gaps(open), .. earlier, .. missing is null ? Array.Empty<Gap>() : [missing]],
            HasFault = !trace.Reached && !request.AllowUnreached && !isCutOff,
            HasUnknown = missing is not null || open.SearchGap is not null || UnprivilegedTrace.LacksCapture(open),
            CountsFindings = trace.Reached || !(request.AllowUnreached || isCutOff),
        };
    }

    private static UserError CannotSend(TraceRequest request, IpAddress target, int size, ProbeSockets sockets, SendStatus error) =>
        error switch
    {
        SendStatus.TooBig => UserError.CannotRun(
            $"cannot send {size + request.Probing.Via.Overhead} octets to {FirstStop(request, target)}: "
                + $"the interface {sockets.Route.Interface} takes less; give a smaller --size"),
        SendStatus.LocalRule => UserError.CannotRun(
            $"cannot send to {FirstStop(request, target)}: this host refuses it (EPERM); "
                + "look for a rule in the output chain: nft list ruleset"),
        _ => UserError.CannotRun(
            $"cannot send to {FirstStop(request, target)} by {sockets.Route.Interface ?? request.Probing.Interface}: "
                + $"no route, or the interface is down; look at: ip route get {FirstStop(request, target)}"),
    };

    /// <summary>Where the packets leave for: the outermost tunnel's end, or the target itself.</summary>
    private static IpAddress FirstStop(TraceRequest request, IpAddress target) =>
        request.Probing.Via.IsEmpty ? target : request.Probing.Via.Layers[0].Remote;

    private static IEnumerable<Gap> Gaps(OpenTrace open)
    {
        var tracer = open.Sweep;
        if (tracer.ProbesSent > TraceEvidenceBuilder.KeptProbes)
        {
            yield return new Gap("probes",
                $"only the first {TraceEvidenceBuilder.KeptProbes} of {tracer.ProbesSent} are listed one by one");
        }

        foreach (var gap in RunGaps.Of(tracer.ProbesNotSent, clockSteps: open.Sockets.ClockSteps))
        {
            yield return gap;
        }

        if (open.SearchGap is { } unfinished)
        {
            yield return unfinished;
        }

        if (open is { Search: not null, Request.Protocol: ProbeProtocol.Icmp })
        {
            yield return new Gap("paths by ports",
                "ICMP echo has no ports: where a router balances by ports it shows one path of several; --udp and --tcp show all");
        }

        if (RouteCacheGaps.Of(open.Sockets) is { } left)
        {
            yield return left;
        }

        foreach (var gap in UnprivilegedTrace.Gaps(open))
        {
            yield return gap;
        }
    }
}
