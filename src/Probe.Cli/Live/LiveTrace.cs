using System.Collections.Concurrent;
using System.Diagnostics;
using Probe.Cli.Commands;
using Probe.Cli.Names;
using Probe.Core.Evidence;
using Probe.Core.Linux;
using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Report.Diagnosis;

namespace Probe.Cli.Live;

/// <summary>
/// <c>probe trace</c> on a terminal: the same sweep as without, watched. This thread owns the sweep; the view reaches it through commands,
/// which are obeyed between two steps. The end shows the report on the ordinary screen.
/// </summary>
internal sealed class LiveTrace : ILiveRun, IDisposable
{
    private const long NoticeNs = 5_000_000_000;
    private static readonly TimeSpan LongestWaitForNames = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan LongestWaitToSuspend = TimeSpan.FromMilliseconds(500);

    private readonly TraceRequest _request;
    private readonly CommandContext _context;
    private readonly IpAddress _target;
    private readonly ProbeNumbers _numbers = new();
    private readonly ConcurrentQueue<LiveCommand> _commands = new();
    private readonly ManualResetEventSlim _suspendedNow = new();
    private readonly Lock _wireLock = new();
    private readonly List<Gap> _earlierGaps = [];
    private readonly LiveView _view;
    private readonly long _startedTicks = Stopwatch.GetTimestamp();
    private LiveSession _session;
    private LiveSession? _next;
    private ReverseNames? _names;
    private CancellationTokenSource _stop = new();
    private LiveSnapshot? _snapshot;
    private string? _notice;
    private long _noticeUntilNs;
    private long _lastCostNs;
    private int? _onlyFlow;
    private bool _pausedByUser;
    private bool _suspended;
    private bool _quit;
    private volatile bool _hasNews;
    private volatile bool _wanted;

    private LiveTrace(TraceRequest request, CommandContext context, Terminal terminal)
    {
        _request = request;
        _context = context;
        _target = TargetResolver.Resolve(request.Target, request.Probing.Family, context.Cancellation);
        _session = new LiveSession(request, _target, _numbers);
        _names = request.Probing.Numeric ? null : new ReverseNames();
        _names?.Ask(_target);
        _view = new LiveView(terminal, this, new ViewState { Names = !request.Probing.Numeric }, context.Palette);
    }

    bool ILiveRun.HasNews => _hasNews;

    /// <summary>True when there is a terminal that a view can be drawn on now.</summary>
    public static bool IsPossible()
    {
        if (Environment.GetEnvironmentVariable("TERM") is null or "" or "dumb")
        {
            return false;
        }

        using var terminal = Terminal.Open();
        return terminal is { IsForeground: true };
    }

    /// <summary>Runs until the user quits, the cycles asked for are over, or a signal comes.</summary>
    public static ExitStatus Run(TraceRequest request, CommandContext context)
    {
        using var terminal = Terminal.Open() ?? throw UserError.CannotRun("the terminal is gone; for a table at the end use --report");
        using var trace = new LiveTrace(request, context, terminal);
        var end = trace.Watch();
        return trace.Finish(end);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _view.Dispose();
        _next?.Dispose();
        lock (_wireLock)
        {
            _session.Dispose();
        }

        _names?.Dispose();
        _stop.Dispose();
        _suspendedNow.Dispose();
    }

    void ILiveRun.Ask()
    {
        _wanted = true;
        WakeLoop();
    }

    LiveSnapshot? ILiveRun.Take() => Interlocked.Exchange(ref _snapshot, null);

    void ILiveRun.Post(LiveCommand command)
    {
        _suspendedNow.Reset();
        _commands.Enqueue(command);
        WakeLoop();
        if (command == LiveCommand.Suspend)
        {
            _ = _suspendedNow.Wait(LongestWaitToSuspend);
        }
    }

    private SweepEnd Watch()
    {
        using var interrupted = _context.Cancellation.Register(StopLoop);
        _view.Start();
        try
        {
            while (true)
            {
                var end = SweepLoop.Run(_session.Tracer, _session.Wire, DeadlineNs(), _stop.Token, AfterStep);
                if (_next is null || _context.Cancellation.IsCancellationRequested || _quit)
                {
                    return _quit && !_context.Cancellation.IsCancellationRequested ? SweepEnd.Done : end;
                }

                SwitchToNext();
            }
        }
        finally
        {
            _view.Dispose();
        }
    }

    private ExitStatus Finish(SweepEnd end)
    {
        if (_view.Failure is OutputClosedException closed)
        {
            throw new OutputClosedException(closed.Message, closed);
        }

        if (_view.Failure is { } failure)
        {
            throw new InvalidOperationException($"the live view failed: {failure.Message}; --report shows a table without it", failure);
        }

        var session = _session;
        if (session.Tracer.SendError is { } error)
        {
            throw TraceRun.CannotSend(session.Request, _target, session.Size, session.Session, error);
        }

        AskNames();
        _names?.Wait(LongestWaitForNames, _context.Cancellation);
        var ended = session.Now;
        var trace = session.MakeBuilder(NameOf).Build(_request.Target.Text, end, session.Wire.ReadLosses().Packets);
        var bundle = TraceRun.MakeBundle(_context, session.Session, trace, end, session.Started, ended, session.Tracer);
        if (_earlierGaps.Count > 0)
        {
            bundle = bundle with { Gaps = [.. bundle.Gaps ?? [], .. _earlierGaps] };
        }

        TraceRun.Show(session.Request with { Output = TraceOutput.Table }, _context, bundle, trace);
        return TraceRun.Judge(session.Request, bundle, trace, end);
    }

    private void AfterStep(long nowNs)
    {
        while (_commands.TryDequeue(out var command))
        {
            Obey(command, nowNs);
        }

        AskNames();
        if (_wanted)
        {
            (_wanted, _hasNews) = (false, false);
            Volatile.Write(ref _snapshot, MakeSnapshot(nowNs));
            _view.Wake();
        }
        else if (!_hasNews)
        {
            _hasNews = true;
            _view.Wake();
        }
    }

    private LiveSnapshot MakeSnapshot(long nowNs)
    {
        var begun = Stopwatch.GetTimestamp();
        var run = _session.MakeBuilder(NameOf).Snapshot(_request.Target.Text, _session.Wire.ReadLosses().Packets, _onlyFlow);
        var cost = Stopwatch.GetElapsedTime(begun).Ticks * 100;

        // The first one pays for the compiler, and any one may be held up by others: only two long ones in a row mean something.
        var usual = Math.Min(cost, _lastCostNs);
        _lastCostNs = cost;
        return new LiveSnapshot
        {
            Run = run,
            Started = _session.Started,
            ElapsedNs = nowNs - _session.ZeroNs,
            CyclesAsked = _request.Count == int.MaxValue ? null : _request.Count,
            Notice = nowNs < _noticeUntilNs ? _notice : null,
            CostNs = usual,
        };
    }

    private void Obey(LiveCommand command, long nowNs)
    {
        _noticeUntilNs = nowNs;
        switch (command)
        {
            case LiveCommand.Quit:
                _quit = true;
                _stop.Cancel();
                break;
            case LiveCommand.Pause:
                _pausedByUser = !_pausedByUser;
                break;
            case LiveCommand.Suspend:
                _suspended = true;
                break;
            case LiveCommand.Continue:
                _suspended = false;
                break;
            case LiveCommand.Reset:
                _session.Reset();
                break;
            case LiveCommand.Icmp:
                Switch(ProbeProtocol.Icmp, nowNs);
                break;
            case LiveCommand.Udp:
                Switch(ProbeProtocol.Udp, nowNs);
                break;
            case LiveCommand.Tcp:
                Switch(ProbeProtocol.Tcp, nowNs);
                break;
            case LiveCommand.NextFlow:
                NextFlow(nowNs);
                break;
            case LiveCommand.AskNames:
                _names ??= new ReverseNames();
                _names.Ask(_target);
                break;
        }

        if (_pausedByUser || _suspended)
        {
            _session.Tracer.Pause(nowNs);
        }
        else
        {
            _session.Tracer.Resume(nowNs);
        }

        if (command == LiveCommand.Suspend)
        {
            _suspendedNow.Set();
        }

        // The step before this command said when the next one is due, and did not know of it.
        _session.Wire.Wake();
    }

    private void NextFlow(long nowNs)
    {
        var count = _session.Session.Flows.Count;
        if (count == 1)
        {
            Say("there is only one flow; start with --flows N for more", nowNs);
            return;
        }

        _onlyFlow = _onlyFlow is { } flow ? (flow + 1 < count ? flow + 1 : null) : 0;
    }

    private void Switch(ProbeProtocol protocol, long nowNs)
    {
        if (protocol == _session.Request.Protocol)
        {
            Say($"these are {protocol.ToString().ToUpperInvariant()} probes already", nowNs);
            return;
        }

        try
        {
            _next?.Dispose();
            _next = null;
            _next = new LiveSession(_request.With(protocol), _target, _numbers);
            _stop.Cancel();
        }
        catch (Exception e) when (e is LinuxException or UserError)
        {
            Say(e.Message, nowNs);
        }
    }

    private void SwitchToNext()
    {
        if (TraceRun.DescribeCache(_session.Session) is { } gap)
        {
            _earlierGaps.Add(gap);
        }

        (_onlyFlow, _pausedByUser) = (null, false);
        lock (_wireLock)
        {
            _session.Dispose();
            _session = _next!;
            _next = null;
            _stop.Dispose();
            _stop = new CancellationTokenSource();

            // A signal may have come between the check and the new source.
            if (_context.Cancellation.IsCancellationRequested)
            {
                _stop.Cancel();
            }
        }
    }

    private void StopLoop()
    {
        lock (_wireLock)
        {
            _stop.Cancel();
            _session.Wake();
        }
    }

    private void Say(string notice, long nowNs) => (_notice, _noticeUntilNs) = (notice, nowNs + NoticeNs);

    private void WakeLoop()
    {
        lock (_wireLock)
        {
            _session.Wake();
        }
    }

    private long DeadlineNs()
    {
        if (_request.Probing.Deadline is not { } deadline)
        {
            return long.MaxValue;
        }

        // It is for the whole run, however often that starts anew.
        var used = Stopwatch.GetElapsedTime(_startedTicks).Ticks * 100;
        return _session.Wire.NowNs + Math.Max(0, deadline.Ns - used);
    }

    private string? NameOf(IpAddress address) => _names?.NameOf(address);

    private void AskNames()
    {
        if (_names is { } names)
        {
            TraceRun.AskNames(_session.Tracer, names);
        }
    }
}
