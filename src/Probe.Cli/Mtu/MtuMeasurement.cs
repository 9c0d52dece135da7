using Probe.Cli.Parsing;
using Probe.Cli.Frame;
using Probe.Cli.Names;
using Probe.Cli.Output;
using Probe.Core.Conversations;
using Probe.Core.Evidence;
using Probe.Core.Host;
using Probe.Core.Linux;
using Probe.Core.Packets;
using Probe.Core.PathMtu;
using Probe.Core.Probing;
using Probe.Core.TcpTests;
using Probe.Core.Vocabulary;
using Probe.Core.Wire;
using Probe.Report.Diagnosis;

namespace Probe.Cli.Mtu;

/// <summary>Searches the path MTU of one target after the other: resolve, open, sweep, judge.</summary>
internal sealed class MtuMeasurement : IMeasurement
{
    private readonly MtuRequest _request;
    private readonly ProbeNumbers _numbers = new();
    private readonly List<PathMtuEvidence> _paths = [];
    private readonly List<Gap> _gaps = [];
    private readonly List<SocketEvidence> _sockets = [];
    private RunFrame _frame = null!;
    private bool _isWhole;

    /// <param name="request">What to search.</param>
    public MtuMeasurement(MtuRequest request)
    {
        _request = request;
        _gaps.AddRange(RunGaps.Skipped(request.Skipped, "searched"));
        _isWhole = _gaps.Count == 0;
    }

    /// <inheritdoc/>
    public Measured Measure(RunFrame frame)
    {
        _frame = frame;
        var end = SweepEnd.Done;
        foreach (var target in _request.Targets)
        {
            end = Measure(target);
            if (end != SweepEnd.Done)
            {
                break;
            }
        }

        // The size that was expected may still be that of a hole, which is for the rules to say.
        var known = _paths.Where(path => path.Verdict is not (PathMtuVerdict.NotAnswering or PathMtuVerdict.Unstable)).ToList();
        return new Measured
        {
            End = end,
            PathMtus = _paths,
            Sockets = _sockets,
            Gaps = _gaps,
            HasFault = _request.Expected is { } expected && known.Any(path => path.Mtu != expected),
            HasUnknown = !_isWhole || known.Count < _paths.Count || _paths.Any(path => IsUnknown(path.Tcp)),
        };
    }

    private SweepEnd Measure(MtuTarget target)
    {
        IpAddress address;
        try
        {
            address = TargetResolver.Resolve(target.Host, _request.Probing.Family, _frame.Limit.Ending);
        }
        catch (OperationCanceledException) when (_paths.Count > 0)
        {
            return _frame.Limit.End;
        }
        catch (NotResolvedException e) when (_request.Targets.Count > 1)
        {
            Take([Unmeasured(target, default, e.NoResolver ? PathMtuReason.Resolver : PathMtuReason.Name)]);
            return SweepEnd.Done;
        }

        try
        {
            var (end, paths) = AskInTurn(target, address);
            Take(_request.Conversations is { } wanted && end == SweepEnd.Done ? Converse(wanted, target, address, paths) : paths);
            return end;
        }
        catch (Exception e) when (_request.Targets.Count > 1 && ReasonOf(e) is not null)
        {
            // What was found of the others stands without it.
            _gaps.Add(new Gap("path MTU", $"{target.Host.Text}: {e.Message}"));
            Take([Unmeasured(target, address, ReasonOf(e)!.Value)]);
            return SweepEnd.Done;
        }
    }

    /// <summary>Why one target cannot be asked while others can; null for what concerns them all.</summary>
    private static PathMtuReason? ReasonOf(Exception error) => error switch
    {
        NotSentException not => not.Reason,
        LinuxException { ErrnoName: "EPERM" } => null,
        LinuxException { ErrnoName: "ENETUNREACH" or "EHOSTUNREACH" or "EACCES" } => PathMtuReason.NoRoute,
        LinuxException { ErrnoName: "EADDRNOTAVAIL" } => PathMtuReason.NoSource,
        LinuxException => PathMtuReason.Local,
        _ => null,
    };

    /// <summary>Asks in one way after the other until something answers; all of them together cost what one target may.</summary>
    private (SweepEnd End, IReadOnlyList<PathMtuEvidence> Paths) AskInTurn(MtuTarget target, IpAddress address)
    {
        var questions = Questions(target);
        var (sent, tookNs) = (0, 0L);
        for (var i = 0; ; i++)
        {
            var (end, paths, probes) = Ask(questions[i], target, address, _request.MaxProbes - sent);
            if (i == questions.Count - 1 || end != SweepEnd.Done || sent + probes >= _request.MaxProbes
                || paths.Any(path => path.Verdict != PathMtuVerdict.NotAnswering || path.Reason is not (null or PathMtuReason.Silence)))
            {
                return (end, sent == 0 ? paths : [After(paths[0], sent, tookNs), .. paths.Skip(1)]);
            }

            sent += probes;
            tookNs += paths[0].DurationNs;
        }
    }

    /// <summary>What was found once so many probes had asked in vain.</summary>
    private static PathMtuEvidence After(PathMtuEvidence path, int sent, long tookNs) => path with
    {
        Sent = path.Sent + sent, DurationNs = path.DurationNs + tookNs, ExactSent = path.ExactSent + sent, ExactNs = path.ExactNs + tookNs,
    };

    /// <summary>How to ask, one after the other until something answers; only the first where the user chose.</summary>
    private IReadOnlyList<MtuProbeType> Questions(MtuTarget target)
    {
        var port = target.Port ?? _request.Port;
        return _request.Protocol switch
        {
            { } chosen => [new MtuProbeType(chosen, port)],

            // Behind a load balancer's address only what asks for the service gets to a server.
            _ when target.Service is { } service => [new MtuProbeType(service, port)],

            // At the far end of a tunnel every port resets a stray segment, and that answer is small: the way back is not mixed in.
            _ when !target.Via.IsEmpty =>
                [new MtuProbeType(ProbeProtocol.Tcp, port, TcpSegmentKind.Ack), new MtuProbeType(ProbeProtocol.Icmp, port),
                    new MtuProbeType(ProbeProtocol.Tcp, port)],
            _ =>
                [new MtuProbeType(ProbeProtocol.Icmp, port), new MtuProbeType(ProbeProtocol.Tcp, DefaultPorts.SecureWeb),
                new MtuProbeType(ProbeProtocol.Tcp, DefaultPorts.Web)],
        };
    }

    private (SweepEnd End, IReadOnlyList<PathMtuEvidence> Paths, int Probes) Ask(MtuProbeType question, MtuTarget target, IpAddress address,
        int maxProbes)
    {
        using var open = new OpenMtuSearch(_request, question, target, address, _numbers, maxProbes);
        using var wake = _frame.Cancellation.Register(open.Sockets.Wake);
        _frame.Host.Uses(open.Sockets.Route.Interface ?? _request.Probing.Interface);
        _frame.Record([address, .. target.Via.Layers.Select(layer => layer.Remote)],
            (in packet) => RunCapture.NameBy(open.Packets, packet));
        var end = _frame.Sweep(open.Search, open.Sockets.Wire,
            _ => _frame.Messages.Progress($"{target.Host.Text}: {MtuTable.Progress(open.Search)}"), _frame.Cancellation);
        if (open.Search.SendError is { } error)
        {
            throw CannotSend(open, error);
        }

        _frame.EndRecording();
        _gaps.AddRange(RunGaps.Of(clockSteps: open.Sockets.ClockSteps));
        if (RouteCacheGaps.Of(open.Sockets) is { } left)
        {
            _gaps.Add(left);
        }

        _frame.Host.NoteLearned(target.Via.IsEmpty ? address : target.Via.Layers[0].Remote, _request.Probing);
        var search = open.Search;
        if (search.FlowsCompared < search.FlowsWanted)
        {
            _gaps.Add(
                new Gap("flows",
                $"{search.FlowsCompared} of {search.FlowsWanted} other flows "
                    + $"compared{(search.FlowsSilent > 0 ? $", {search.FlowsSilent} never answered" : "")}"));
        }

        return (end, new PathMtuEvidenceBuilder(search).Build(target.Host.Text, TextsOf(target.Via), target.Real), search.ProbesSent);
    }

    /// <summary>The first path MTU with what established connections showed.</summary>
    private IReadOnlyList<PathMtuEvidence> Converse(MtuConversations wanted, MtuTarget target, IpAddress address,
        IReadOnlyList<PathMtuEvidence> paths)
    {
        _frame.Host.WatchCounters();
        var cache = new RouteCacheWatch();
        var options = new TcpTestOptions
        {
            Payload = wanted.Payload,
            To = new TcpConversationOptions(_request.Probing) { Target = address, Port = target.Port ?? _request.Port },
        };
        var tcp = new TcpEvidence();
        try
        {
            // First: the others teach this host the path MTU too, and it can be learned but once.
            if (wanted.Stall)
            {
                _frame.Messages.Progress($"{target.Host.Text}: connections before and after the path MTU is learned");
                tcp = tcp with { Stall = TcpStall.Run(options, _frame.Cancellation) };
            }

            if (wanted.Upload)
            {
                _frame.Messages.Progress($"{target.Host.Text}: sending the same octets spaced, in pairs and in bulk");
                tcp = tcp with { Upload = TcpTransfer.Upload(options, _frame.Cancellation) };
            }

            if (wanted.Download)
            {
                _frame.Messages.Progress($"{target.Host.Text}: having the same octets sent here");
                tcp = tcp with { Download = TcpTransfer.Download(options, _frame.Cancellation) };
            }
        }
        catch (LinuxException e)
        {
            // The search is done, and what it found is the user's.
            _isWhole = false;
            _gaps.Add(new Gap("tests over TCP", e.Message));
        }

        if (tcp.Upload?.Pacings is [{ Before: { } first }, ..])
        {
            tcp = tcp
                with { Mss = MssReading.Of(first, address.IsV4, tcp.Download?.Pacings is [{ SynMss: { } arrived }, ..] ? arrived : null) };
        }

        if (cache.Conclude(new HashSet<IpAddress> { address }) is { } learned)
        {
            _gaps.Add(learned);
        }

        _frame.Host.NoteLearned(address, _request.Probing);
        _sockets.AddRange(SocketTable.To(address, target.Port ?? _request.Port));
        return [EstablishedProof.Take(paths[0], tcp), .. paths.Skip(1)];
    }

    private static NotSentException CannotSend(OpenMtuSearch open, SendStatus error) => error == SendStatus.LocalRule
        ? new(PathMtuReason.LocalRule,
            $"cannot send to {open.Target}: this host refuses it (EPERM); look for a rule in the output chain: nft list ruleset")
        : new(PathMtuReason.NoRoute,
            $"cannot send to {open.Target}: no route, or the interface is down; look at: ip route get {open.Target}");

    private static IReadOnlyList<string> TextsOf(EncapsulationStack via) => [.. via.Layers.Select(EncapsulationText.Of)];

    private PathMtuEvidence Unmeasured(MtuTarget target, IpAddress address, PathMtuReason reason) => new()
    {
        Target = target.Host.Text,
        Address = address.IsNone ? null : address.ToString(),
        Via = TextsOf(target.Via),
        Real = target.Real,
        Protocol = _request.Protocol ?? ProbeProtocol.Icmp,
        Verdict = PathMtuVerdict.NotAnswering,
        Confidence = Confidence.Hint,
        Reason = reason,
    };

    private void Take(IReadOnlyList<PathMtuEvidence> paths)
    {
        foreach (var path in paths)
        {
            _paths.Add(path);
            _frame.Output.Stream(path);
        }
    }

    /// <summary>A test over connections was asked for and says nothing.</summary>
    private static bool IsUnknown(TcpEvidence? tcp) =>
        (tcp?.Upload?.Verdict ?? TcpTransferVerdict.Clean) is TcpTransferVerdict.CannotTell or TcpTransferVerdict.NotAnswering
        || (tcp?.Download?.Verdict ?? TcpTransferVerdict.Clean) is TcpTransferVerdict.CannotTell or TcpTransferVerdict.NotAnswering
        || tcp?.Stall?.Verdict is TcpStallVerdict.CannotTell or TcpStallVerdict.NotAnswering;
}

/// <summary>Nothing can be sent to one target.</summary>
/// <param name="reason">As the document has it.</param>
/// <param name="message">What the user is told where it is the only one.</param>
internal sealed class NotSentException(PathMtuReason reason, string message) : UserError(ExitStatus.CannotRun, message)
{
    /// <summary>As the document has it.</summary>
    public PathMtuReason Reason { get; } = reason;
}
