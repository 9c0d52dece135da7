using Probe.Cli.Names;
using Probe.Cli.Output;
using Probe.Core.Evidence;
using Probe.Core.Host;
using Probe.Core.Packets;
using Probe.Core.PathMtu;
using Probe.Core.Probing;
using Probe.Report.Diagnosis;

namespace Probe.Cli.Commands;

/// <summary>Searches the path MTU of one target after the other: resolve, open, sweep, judge, show.</summary>
internal sealed class MtuRun
{
    internal const ushort SecureWebPort = 443;

    private readonly MtuRequest _request;
    private readonly CommandContext _context;
    private readonly ProbeNumbers _numbers = new();
    private readonly List<PathMtuEvidence> _paths = [];
    private readonly List<Gap> _gaps = [];
    private readonly MtuCsv? _csv;
    private readonly List<SocketEvidence> _sockets = [];
    private CounterSnapshot? _before;
    private CaptureFile? _capture;
    private SweepEnd _end;

    private MtuRun(MtuRequest request, CommandContext context)
    {
        (_request, _context) = (request, context);
        _csv = request.Output == MtuOutput.Csv ? new MtuCsv(context.Out) : null;
    }

    /// <exception cref="UserError">The only name does not resolve, it is not allowed, or nothing can be sent.</exception>
    /// <exception cref="Core.Linux.LinuxException">The sockets cannot be opened.</exception>
    public static ExitStatus Run(MtuRequest request, CommandContext context) => new MtuRun(request, context).Run();

    private ExitStatus Run()
    {
        var deadline = _request.Probing.Deadline is { } longest ? _context.Started.UnixNs + longest.Ns : long.MaxValue;
        foreach (var target in _request.Targets)
        {
            _end = Measure(target, deadline);
            if (_end != SweepEnd.Done)
            {
                break;
            }
        }

        _context.Messages.EndProgress();
        return Conclude();
    }

    private SweepEnd Measure(MtuTarget target, long deadlineUnixNs)
    {
        IpAddress address;
        try
        {
            address = TargetResolver.Resolve(target.Host, _request.Probing.Family, _context.Cancellation);
        }
        catch (NotResolvedException e) when (_request.Targets.Count > 1)
        {
            Take([Unresolved(target, e.Reason)]);
            return SweepEnd.Done;
        }

        var questions = Questions(target);
        for (var i = 0; ; i++)
        {
            var (end, paths) = Ask(questions[i], target, address, deadlineUnixNs);
            if (i == questions.Count - 1 || end != SweepEnd.Done || paths.Any(path => path.Verdict != PathMtuVerdict.NotAnswering || path.Reason is not (null or "silence")))
            {
                Take(_request.Conversations is { } wanted && end == SweepEnd.Done ? Converse(wanted, target, address, paths) : paths);
                return end;
            }
        }
    }

    /// <summary>How to ask, one after the other until something answers; only the first where the user chose.</summary>
    private IReadOnlyList<MtuQuestion> Questions(MtuTarget target)
    {
        var port = target.Port ?? _request.Port;
        return _request.Protocol switch
        {
            { } chosen => [new MtuQuestion(chosen, port)],

            // Behind a load balancer's address only a SYN gets to a server.
            _ when target.IsService => [new MtuQuestion(ProbeProtocol.Tcp, port)],

            // At the far end of a tunnel every port resets a stray segment, and that answer is small: the way back is not mixed in.
            _ when !target.Via.IsEmpty =>
                [new MtuQuestion(ProbeProtocol.Tcp, port, TcpSegmentKind.Ack), new MtuQuestion(ProbeProtocol.Icmp, port), new MtuQuestion(ProbeProtocol.Tcp, port)],
            _ => [new MtuQuestion(ProbeProtocol.Icmp, port), new MtuQuestion(ProbeProtocol.Tcp, SecureWebPort), new MtuQuestion(ProbeProtocol.Tcp, TraceRequest.WebPort)],
        };
    }

    private (SweepEnd End, IReadOnlyList<PathMtuEvidence> Paths) Ask(MtuQuestion question, MtuTarget target, IpAddress address, long deadlineUnixNs)
    {
        using var session = new MtuSession(_request, question, target, address, _numbers);
        using var wake = _context.Cancellation.Register(session.Probing.Wake);
        var wire = session.Probing.Wire;
        var deadlineNs = deadlineUnixNs == long.MaxValue ? long.MaxValue : deadlineUnixNs - session.Probing.StartedUnixNs;
        var end = SweepLoop.Run(session.Search, wire, deadlineNs, _context.Cancellation, _ =>
        {
            session.Capture?.Drain();
            _context.Messages.Progress($"{target.Host.Text}: {MtuTable.Progress(session.Search)}");
        });
        if (session.Search.SendError is { } error)
        {
            throw CannotSend(session, error);
        }

        _capture = session.Capture?.Finish() ?? _capture;
        _gaps.AddRange(RunGaps.Of(captureLost: session.Capture?.Lost ?? 0, clockSteps: session.Probing.ClockSteps));
        if (TraceRun.DescribeCache(session.Probing, ProbeProtocol.Icmp) is { } left)
        {
            _gaps.Add(left);
        }

        return (end, new PathMtuEvidenceBuilder(session.Search).Build(target.Host.Text, [.. target.Via.Layers.Select(EncapsulationText.Of)], target.Real));
    }

    /// <summary>The first path MTU with what established connections showed.</summary>
    private IReadOnlyList<PathMtuEvidence> Converse(MtuConversations wanted, MtuTarget target, IpAddress address, IReadOnlyList<PathMtuEvidence> paths)
    {
        _before ??= CounterSnapshot.Read();
        var cache = new RouteCacheWatch();
        var options = new TcpTestOptions
        {
            Payload = wanted.Payload,
            To = new TcpConversationOptions
            {
                Target = address, Port = target.Port ?? _request.Port, Source = _request.Probing.Source ?? default, Interface = _request.Probing.Interface,
                Mark = _request.Probing.Mark, TrafficClass = (byte)(_request.Probing.Dscp << 2),
            },
        };
        var tcp = new TcpEvidence();

        // First: the others teach this host the path MTU too, and it can be learned but once.
        if (wanted.Stall)
        {
            _context.Messages.Progress($"{target.Host.Text}: connections before and after the path MTU is learned");
            tcp = tcp with { Stall = TcpStall.Run(options, _context.Cancellation) };
        }

        if (wanted.Upload)
        {
            _context.Messages.Progress($"{target.Host.Text}: sending the same octets spaced, in pairs and in bulk");
            tcp = tcp with { Upload = TcpTransfer.Upload(options, _context.Cancellation) };
        }

        if (wanted.Download)
        {
            _context.Messages.Progress($"{target.Host.Text}: having the same octets sent here");
            tcp = tcp with { Download = TcpTransfer.Download(options, _context.Cancellation) };
        }

        if (tcp.Upload?.Pacings is [{ Before: { } first }, ..])
        {
            tcp = tcp with { Mss = MssReading.Of(first, address.IsV4, tcp.Download?.Pacings is [{ SynMss: { } arrived }, ..] ? arrived : null) };
        }

        if (cache.Conclude(new HashSet<IpAddress> { address }) is { } learned)
        {
            _gaps.Add(learned);
        }

        _sockets.AddRange(SocketTable.To(address, target.Port ?? _request.Port));
        return [paths[0] with { Tcp = tcp }, .. paths.Skip(1)];
    }

    private static UserError CannotSend(MtuSession session, SendStatus error) => error == SendStatus.Refused
        ? UserError.CannotRun($"cannot send to {session.Target}: this host refuses it (EPERM); look for a rule in the output chain: nft list ruleset")
        : UserError.CannotRun($"cannot send to {session.Target}: no route, or the interface is down; look at: ip route get {session.Target}");

    private PathMtuEvidence Unresolved(MtuTarget target, string reason) => new()
    {
        Target = target.Host.Text,
        Real = target.Real,
        Protocol = Words.Of(_request.Protocol ?? ProbeProtocol.Icmp),
        Verdict = PathMtuVerdict.NotAnswering,
        Confidence = Confidence.Hint,
        Reason = reason,
    };

    private void Take(IReadOnlyList<PathMtuEvidence> paths)
    {
        foreach (var path in paths)
        {
            _paths.Add(path);
            _csv?.Write(path);
            if (_request.Output == MtuOutput.Ndjson)
            {
                _context.Out.Write(EvidenceJson.Line(path));
                _context.Out.Flush();
            }
        }
    }

    private ExitStatus Conclude()
    {
        var bundle = new Bundle
        {
            Tool = ProgramVersion.Tool,
            Command = _context.CommandLine,
            Started = _context.Started,
            Ended = CommandContext.Now(),
            Complete = _end == SweepEnd.Done,
            EndReason = Words.Of(_end),
            Host = HostFactsReader.Read(),
            PathMtus = _paths,
            Counters = _before is { } before ? CounterSnapshot.Read().Evidence(before) : null,
            Sockets = _sockets.Count == 0 ? null : _sockets,
            Captures = _capture is null ? null : [_capture],
            Gaps = _gaps.Count == 0 ? null : _gaps,
        };
        bundle = RuleSet.All.Judge(bundle).StoreIn(bundle);
        switch (_request.Output)
        {
            case MtuOutput.Json:
                _context.Write(bundle);
                break;
            case MtuOutput.Ndjson:
                _context.Out.Write(EvidenceJson.LastLine(bundle));
                break;
            case MtuOutput.Table:
                MtuTable.Write(bundle, _context.Out, _context.Palette);
                break;
        }

        return Judge(bundle);
    }

    private ExitStatus Judge(Bundle bundle)
    {
        var unknown = _end == SweepEnd.Deadline || _paths.Any(path => path.Verdict is PathMtuVerdict.NotAnswering or PathMtuVerdict.Unstable || IsUnknown(path.Tcp));
        var known = _paths.Where(path => path.Verdict is not (PathMtuVerdict.NotAnswering or PathMtuVerdict.Unstable));
        var fault = _request.Expected is { } expected ? known.Any(path => path.Mtu != expected) : (bundle.Findings ?? []).Any(Faults.IsFault);
        fault |= (bundle.Findings ?? []).Any(finding => finding.Rule is "PRB-MTU-002" or "PRB-MTU-006" && finding.IsFault());
        return fault ? ExitStatus.Fault : unknown ? ExitStatus.Incomplete : ExitStatus.Fine;
    }

    /// <summary>A test over connections was asked for and says nothing.</summary>
    private static bool IsUnknown(TcpEvidence? tcp) =>
        (tcp?.Upload?.Verdict ?? TcpTransferVerdict.Clean) is TcpTransferVerdict.CannotTell or TcpTransferVerdict.NotAnswering
        || (tcp?.Download?.Verdict ?? TcpTransferVerdict.Clean) is TcpTransferVerdict.CannotTell or TcpTransferVerdict.NotAnswering
        || tcp?.Stall?.Verdict is TcpStallVerdict.CannotTell or TcpStallVerdict.NotAnswering;
}
