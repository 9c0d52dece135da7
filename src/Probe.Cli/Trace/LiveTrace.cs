using System.Collections.Concurrent;
using System.Diagnostics;
using Probe.Cli.Frame;
using Probe.Cli.Live;
using Probe.Cli.Names;
using Probe.Cli.Output;
using Probe.Core.Evidence;
using Probe.Core.Linux.Files;
using Probe.Core.Linux.Terminal;
using Probe.Core.Linux;
using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Tracing;
using Probe.Core.Vocabulary;
using Probe.Report.Diagnosis;

namespace Probe.Cli.Trace;

/// <summary>
/// <c>probe trace</c> on a terminal: the same sweep as without, watched. This thread owns the sweep; the view reaches it through commands,
/// which are obeyed between two steps. The end shows the report on the ordinary screen.
/// </summary>
internal sealed class LiveTrace : ILiveRun, IDisposable
{
    private const long NoticeNs = 5_000_000_000;
    private const int RecentPerFlow = 40;
    private const int MostRecent = 640;
    private static readonly TimeSpan LongestWaitForNames = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan LongestWaitToSuspend = TimeSpan.FromSeconds(2);

    private readonly TraceRequest _request;
    private readonly RunFrame _frame;
    private readonly IpAddress _target;
    private readonly ProbeNumbers _numbers = new();
    private readonly ConcurrentQueue<LiveCommand> _commands = new();
    private readonly ManualResetEventSlim _suspendedNow = new();
    private readonly Lock _wireLock = new();
    private readonly List<Gap> _earlierGaps = [];
    private readonly TraceAids _aids;
    private readonly LiveView _view;
    private TraceSession _session;
    private TraceSession? _next;
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

    /// <exception cref="UserError">The name does not resolve, or the sockets refuse what was asked for.</exception>
    public LiveTrace(TraceRequest request, RunFrame frame, FullScreenTerminal terminal, TraceAids aids, Palette palette)
    {
        _request = request;
        _frame = frame;
        _aids = aids;
        _target = TargetResolver.Resolve(request.Target, request.Probing.Family, frame.Limit.Ending);
        _session = OpenSession(request);
        _aids.AskName(_target);
        _view = new LiveView(terminal, this, new ViewState { Names = !request.Probing.Numeric, Systems = request.ShowsSystems }, palette);
    }

    bool ILiveRun.HasNews => _hasNews;

    /// <summary>Runs until the user quits, the cycles asked for are over, or a signal comes.</summary>
    public Measured Run() => Finish(Watch());

    /// <inheritdoc/>
    public void Dispose()
    {
        _view.Dispose();
        _next?.Dispose();
        lock (_wireLock)
        {
            _session.Dispose();
        }

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
        using var interrupted = _frame.Cancellation.Register(StopLoop);
        _view.Start();
        try
        {
            while (true)
            {
                var end = _frame.Sweep(_session.Sweep, _session.Wire, AfterStep, _stop.Token);
                if (end == SweepEnd.Done && _next is null && !_quit && _session.GoOn())
                {
                    continue;
                }

                if (_next is null || _frame.Cancellation.IsCancellationRequested || _quit)
                {
                    return _quit && !_frame.Cancellation.IsCancellationRequested ? SweepEnd.Done : end;
                }

                SwitchToNext();
            }
        }
        finally
        {
            _view.Dispose();
        }
    }

    private Measured Finish(SweepEnd end)
    {
        if (_view.Failure is OutputClosedException closed)
        {
            throw new OutputClosedException(closed.Message, closed);
        }

        if (_view.Failure is { } failure)
        {
            throw new InvalidOperationException($"the live view failed: {failure.Message}; --report shows a table without it", failure);
        }

        return TraceMeasurement.Conclude(_session, _aids, _frame, end, LongestWaitForNames, _earlierGaps);
    }

    private void AfterStep(long nowNs)
    {
        while (_commands.TryDequeue(out var command))
        {
            Obey(command, nowNs);
        }

        _aids.Ask(_session.Sweep);
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
        var run = _session.MakeBuilder(_aids.NameOf).Snapshot(_request.Target.Text, _session.Wire.ReadLosses().Packets, _onlyFlow);
        run = run with { Trace = _aids.Annotate(run.Trace) };
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
            Search = _session.Sweep is MultipathTracer search ? SweepWords.Search(search, _session.Request.Search!) : null,
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
                Reset(nowNs);
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
                _aids.AskNames();
                _aids.AskName(_target);
                break;
        }

        if (_pausedByUser || _suspended)
        {
            _session.Sweep.Pause(nowNs);
        }
        else
        {
            _session.Sweep.Resume(nowNs);
        }

        if (command == LiveCommand.Suspend)
        {
            _suspendedNow.Set();
        }

        // The step before this command said when the next one is due, and did not know of it.
        _session.Wake();
    }

    private void NextFlow(long nowNs)
    {
        if (_session.Sweep is not Tracer { Flows: var flows })
        {
            Say("flow by flow works once the search is over", nowNs);
            return;
        }

        if (flows.Count == 1)
        {
            Say("there is only one flow; start with --flows N or --ecmp for more", nowNs);
            return;
        }

        // Of the flows that a search used only some are probed on.
        _onlyFlow = flows.Where(flow => flow > (_onlyFlow ?? -1)).Select(flow => (int?)flow).FirstOrDefault();
    }

    private void Reset(long nowNs)
    {
        if (_session.Sweep is MultipathTracer)
        {
            Restart(_session.Request, nowNs);
            return;
        }

        // What is forgotten includes the flows that only the search used.
        _onlyFlow = _session.Search is null ? _onlyFlow : null;
        _session.Reset();
    }

    private void Switch(ProbeProtocol protocol, long nowNs)
    {
        if (protocol == _session.Request.Protocol)
        {
            Say($"these are {protocol.ToString().ToUpperInvariant()} probes already", nowNs);
            return;
        }

        Restart(_request.With(protocol), nowNs);
    }

    private void Restart(TraceRequest request, long nowNs)
    {
        // A file holds the packets of one wire, and opening it anew would empty it.
        if (_session.IsRecorded)
        {
            Say("--pcap records one run of one protocol; quit and start anew", nowNs);
            return;
        }

        try
        {
            _next?.Dispose();
            _next = null;
            _next = OpenSession(request);
            _stop.Cancel();
        }
        catch (Exception e) when (e is LinuxException or UserError)
        {
            Say(e.Message, nowNs);
        }
    }

    private void SwitchToNext()
    {
        if (LeftInRouteCache.Of(_session.Probing) is { } gap)
        {
            _earlierGaps.Add(gap);
        }

        (_onlyFlow, _pausedByUser) = (null, false);
        lock (_wireLock)
        {
            _session.Dispose();
            _session = _next!;
            _session.Reset();
            _next = null;
            _stop.Dispose();
            _stop = new CancellationTokenSource();

            // A signal may have come between the check and the new source.
            if (_frame.Cancellation.IsCancellationRequested)
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

    private TraceSession OpenSession(TraceRequest request) =>
        new(request, _target, _numbers, _frame, request.Search is null ? Math.Min(MostRecent, RecentPerFlow * request.Flows) : MostRecent);
}
