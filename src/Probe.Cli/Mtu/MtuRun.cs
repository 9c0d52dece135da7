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
using Probe.Core.Vocabulary;
using Probe.Core.Wire;
using Probe.Report.Diagnosis;

namespace Probe.Cli.Mtu;

/// <summary>Searches the path MTU of one target after the other: resolve, open, sweep, judge, show.</summary>
internal sealed class MtuRun
{
    private readonly MtuRequest _request;
    private readonly CommandContext _context;
    private readonly ProbeNumbers _numbers = new();
    private readonly List<PathMtuEvidence> _paths = [];
    private readonly List<Gap> _gaps = [];
    private readonly MtuCsv? _csv;
    private readonly List<SocketEvidence> _sockets = [];
    private readonly HashSet<string> _interfaces = new(StringComparer.Ordinal);
    private readonly Dictionary<IpAddress, PathMtuException> _learned = [];
    private CounterSnapshot? _before;
    private RunCapture? _capture;
    private PacketWire? _wire;
    private SweepEnd _end;
    private bool _isWhole;

    private MtuRun(MtuRequest request, CommandContext context)
    {
        (_request, _context) = (request, context);
        _csv = request.Output == MtuOutput.Csv ? new MtuCsv(context.Out) : null;
        _gaps.AddRange(RunGaps.Skipped(request.Skipped, "searched"));
        _isWhole = _gaps.Count == 0;
    }

    /// <exception cref="UserError">The only name does not resolve, it is not allowed, or nothing can be sent.</exception>
    /// <exception cref="LinuxException">The sockets cannot be opened.</exception>
    public static ExitStatus Run(MtuRequest request, CommandContext context) => new MtuRun(request, context).Run();

    private ExitStatus Run()
    {
        // One file for all targets and questions; a packet is named by the wire that is open.
        using var capture = _capture = RunCapture.Open(_request.Probing.CaptureFile, [], (in packet) => _wire is { } wire ? RunCapture.NameBy(wire, packet) : null);
        foreach (var target in _request.Targets)
        {
            _end = Measure(target);
            if (_end != SweepEnd.Done)
            {
                break;
            }
        }

        _context.Messages.EndProgress();
        return Conclude();
    }

    private SweepEnd Measure(MtuTarget target)
    {
        IpAddress address;
        try
        {
            address = TargetResolver.Resolve(target.Host, _request.Probing.Family, _context.Limit.Ending);
        }
        catch (OperationCanceledException) when (_paths.Count > 0)
        {
            return _context.Limit.End;
        }
        catch (NotResolvedException e) when (_request.Targets.Count > 1)
        {
            Take([Unmeasured(target, default, e.Reason)]);
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
            Take([Unmeasured(target, address, ReasonOf(e)!)]);
            return SweepEnd.Done;
        }
    }

    /// <summary>Why one target cannot be asked while others can; null for what concerns them all.</summary>
    private static string? ReasonOf(Exception error) => error switch
    {
        NotSentException not => not.Reason,
        LinuxException { ErrnoName: "EPERM" } => null,
        LinuxException { ErrnoName: "ENETUNREACH" or "EHOSTUNREACH" or "EACCES" } => "no-route",
        LinuxException { ErrnoName: "EADDRNOTAVAIL" } => "no-source",
        LinuxException => "local",
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
                || paths.Any(path => path.Verdict != PathMtuVerdict.NotAnswering || path.Reason is not (null or "silence")))
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
    private IReadOnlyList<MtuQuestion> Questions(MtuTarget target)
    {
        var port = target.Port ?? _request.Port;
        return _request.Protocol switch
        {
            { } chosen => [new MtuQuestion(chosen, port)],

            // Behind a load balancer's address only what asks for the service gets to a server.
            _ when target.Service is { } service => [new MtuQuestion(service, port)],

            // At the far end of a tunnel every port resets a stray segment, and that answer is small: the way back is not mixed in.
            _ when !target.Via.IsEmpty =>
                [new MtuQuestion(ProbeProtocol.Tcp, port, TcpSegmentKind.Ack), new MtuQuestion(ProbeProtocol.Icmp, port), new MtuQuestion(ProbeProtocol.Tcp, port)],
            _ => [new MtuQuestion(ProbeProtocol.Icmp, port), new MtuQuestion(ProbeProtocol.Tcp, DefaultPorts.SecureWeb), new MtuQuestion(ProbeProtocol.Tcp, DefaultPorts.Web)],
        };
    }

    private (SweepEnd End, IReadOnlyList<PathMtuEvidence> Paths, int Probes) Ask(MtuQuestion question, MtuTarget target, IpAddress address, int maxProbes)
    {
        using var session = new MtuSession(_request, question, target, address, _numbers, maxProbes);
        using var wake = _context.Cancellation.Register(session.Probing.Wake);
        Note(session.Probing.Route.Interface ?? _request.Probing.Interface);
        var wire = session.Probing.Wire;
        _wire = session.Packets;
        var end = SweepLoop.Run(session.Search, wire, _context.Limit.On(wire.NowNs), _context.Cancellation, _ =>
        {
            _capture?.Drain();
            _context.Messages.Progress($"{target.Host.Text}: {MtuTable.Progress(session.Search)}");
        });
        if (session.Search.SendError is { } error)
        {
            throw CannotSend(session, error);
        }

        _capture?.Settle();
        _gaps.AddRange(RunGaps.Of(clockSteps: session.Probing.ClockSteps));
        if (RouteCacheWatch.Describe(session.Probing) is { } left)
        {
            _gaps.Add(left);
        }

        NoteLearned(target.Via.IsEmpty ? address : target.Via.Layers[0].Remote);
        var search = session.Search;
        if (search.FlowsCompared < search.FlowsWanted)
        {
            _gaps.Add(new Gap("flows", $"{search.FlowsCompared} of {search.FlowsWanted} other flows compared{(search.FlowsSilent > 0 ? $", {search.FlowsSilent} never answered" : "")}"));
        }

        return (end, new PathMtuEvidenceBuilder(search).Build(target.Host.Text, TextsOf(target.Via), target.Real), search.ProbesSent);
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
        try
        {
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
        }
        catch (LinuxException e)
        {
            // The search is done, and what it found is the user's.
            _isWhole = false;
            _gaps.Add(new Gap("tests over TCP", e.Message));
        }

        if (tcp.Upload?.Pacings is [{ Before: { } first }, ..])
        {
            tcp = tcp with { Mss = MssReading.Of(first, address.IsV4, tcp.Download?.Pacings is [{ SynMss: { } arrived }, ..] ? arrived : null) };
        }

        if (cache.Conclude(new HashSet<IpAddress> { address }) is { } learned)
        {
            _gaps.Add(learned);
        }

        NoteLearned(address);
        _sockets.AddRange(SocketTable.To(address, target.Port ?? _request.Port));
        return [paths[0] with { Tcp = tcp }, .. paths.Skip(1)];
    }

    private void Note(string? networkInterface)
    {
        if (networkInterface is not null)
        {
            _interfaces.Add(networkInterface);
        }
    }

    /// <summary>What this host's kernel has learned for the destination, by whomever: connections go by it, probes do not.</summary>
    private void NoteLearned(IpAddress destination)
    {
        try
        {
            if (PathMtuExceptions.For(destination, _request.Probing.Source ?? default, _request.Probing.Interface, _request.Probing.Mark) is { } learned)
            {
                _learned[destination] = learned;
            }
        }
        catch (LinuxException e)
        {
            _gaps.Add(new Gap("learned path MTUs", e.Message));
        }
    }

    /// <summary>The facts about this host with those of its side of the paths.</summary>
    private HostFacts Annotate(HostFacts facts)
    {
        try
        {
            return facts with
            {
                Interfaces = _interfaces.Count == 0 ? null : [.. InterfaceTable.Read().Where(one => _interfaces.Contains(one.Name))],
                PathMtuExceptions = _paths.Count == 0 ? null : [.. _learned.Values],
            };
        }
        catch (LinuxException e)
        {
            _gaps.Add(new Gap("interfaces", e.Message));
            return facts;
        }
    }

    private static NotSentException CannotSend(MtuSession session, SendStatus error) => error == SendStatus.Refused
        ? new("local", $"cannot send to {session.Target}: this host refuses it (EPERM); look for a rule in the output chain: nft list ruleset")
        : new("no-route", $"cannot send to {session.Target}: no route, or the interface is down; look at: ip route get {session.Target}");

    private static IReadOnlyList<string> TextsOf(EncapsulationStack via) => [.. via.Layers.Select(EncapsulationText.Of)];

    private PathMtuEvidence Unmeasured(MtuTarget target, IpAddress address, string reason) => new()
    {
        Target = target.Host.Text,
        Address = address.IsNone ? null : address.ToString(),
        Via = TextsOf(target.Via),
        Real = target.Real,
        Protocol = Word.Of(_request.Protocol ?? ProbeProtocol.Icmp),
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
        var file = _capture?.Finish();
        _gaps.AddRange(RunGaps.Of(captureLost: _capture?.Lost ?? 0));
        var frame = _context.Frame(_end);
        var host = Annotate(frame.Host!);
        var bundle = frame with
        {
            Host = host,
            PathMtus = _paths,
            Counters = _before is { } before ? CounterSnapshot.Read().Evidence(before) : null,
            Sockets = _sockets.Count == 0 ? null : _sockets,
            Captures = file is null ? null : [file],
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
        var unknown = !_isWhole || _end == SweepEnd.Deadline || _paths.Any(path => path.Verdict is PathMtuVerdict.NotAnswering or PathMtuVerdict.Unstable || IsUnknown(path.Tcp));
        var known = _paths.Where(path => path.Verdict is not (PathMtuVerdict.NotAnswering or PathMtuVerdict.Unstable));

        // The size that was expected may still be that of a hole.
        var fault = (bundle.Findings ?? []).Any(Faults.IsFault) || (_request.Expected is { } expected && known.Any(path => path.Mtu != expected));
        return fault ? ExitStatus.Fault : unknown ? ExitStatus.Incomplete : ExitStatus.Fine;
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
internal sealed class NotSentException(string reason, string message) : UserError(ExitStatus.CannotRun, message)
{
    /// <summary>As the document has it.</summary>
    public string Reason { get; } = reason;
}
