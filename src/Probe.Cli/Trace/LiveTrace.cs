using System.Collections.Concurrent;
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
    private readonly List<Gap> _earlierGaps = [];
    private readonly TraceAids _aids;
    private readonly LiveView _view;
    private readonly OpenTraces _traces;
    private readonly LiveSnapshots _snapshots;
    private LiveSnapshot? _snapshot;
    private string? _notice;
    private long _noticeUntilNs;
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
        _traces = new OpenTraces(Open(request));
        _snapshots = new LiveSnapshots(request, aids);
        _aids.AskName(_target);
        _view = new LiveView(terminal, this, new ViewState { Names = !request.Probing.Numeric, Systems = request.ShowsSystems }, palette);
    }

    private OpenTrace Current => _traces.Current;

    bool ILiveRun.HasNews => _hasNews;

    /// <summary>Runs until the user quits, the cycles asked for are over, or a signal comes.</summary>
    public Measured Run() => Finish(Watch());

    /// <inheritdoc/>
    public void Dispose()
    {
        _view.Dispose();
        _traces.Dispose();
        _suspendedNow.Dispose();
    }

    void ILiveRun.Ask()
    {
        _wanted = true;
        _traces.Wake();
    }

    LiveSnapshot? ILiveRun.Take() => Interlocked.Exchange(ref _snapshot, null);

    void ILiveRun.Post(LiveCommand command)
    {
        _suspendedNow.Reset();
        _commands.Enqueue(command);
        _traces.Wake();
        if (command == LiveCommand.Suspend)
        {
            _ = _suspendedNow.Wait(LongestWaitToSuspend);
        }
    }

    private SweepEnd Watch()
    {
        using var interrupted = _frame.Cancellation.Register(_traces.Stop);
        _view.Start();
        try
        {
            while (true)
            {
                var end = _frame.Sweep(Current.Sweep, Current.Wire, AfterStep, _traces.Stopping);
                if (end == SweepEnd.Done && _traces.Next is null && !_quit && Current.GoOn())
                {
                    continue;
                }

                if (_traces.Next is null || _frame.Cancellation.IsCancellationRequested || _quit)
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

        return TraceMeasurement.Conclude(Current, _aids, _frame, end, LongestWaitForNames, _earlierGaps);
    }

    private void AfterStep(long nowNs)
    {
        while (_commands.TryDequeue(out var command))
        {
            Obey(command, nowNs);
        }

        _aids.Ask(Current.Sweep);
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

    private LiveSnapshot MakeSnapshot(long nowNs) =>
        _snapshots.Make(Current, _onlyFlow, nowNs, nowNs < _noticeUntilNs ? _notice : null);

    private void Obey(LiveCommand command, long nowNs)
    {
        _noticeUntilNs = nowNs;
        switch (command)
        {
            case LiveCommand.Quit:
                _quit = true;
                _traces.Stop();
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
            Current.Sweep.Pause(nowNs);
        }
        else
        {
            Current.Sweep.Resume(nowNs);
        }

        if (command == LiveCommand.Suspend)
        {
            _suspendedNow.Set();
        }

        // The step before this command said when the next one is due, and did not know of it.
        Current.Wake();
    }

    private void NextFlow(long nowNs)
    {
        if (Current.Sweep is not Tracer { Flows: var flows })
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
        if (Current.Sweep is MultipathTracer)
        {
            Restart(Current.Request, nowNs);
            return;
        }

        // What is forgotten includes the flows that only the search used.
        _onlyFlow = Current.Search is null ? _onlyFlow : null;
        Current.Reset();
    }

    private void Switch(ProbeProtocol protocol, long nowNs)
    {
        if (protocol == Current.Request.Protocol)
        {
            Say($"these are {protocol.ToString().ToUpperInvariant()} probes already", nowNs);
            return;
        }

        Restart(_request.With(protocol), nowNs);
    }

    private void Restart(TraceRequest request, long nowNs)
    {
        // A file holds the packets of one wire, and opening it anew would empty it.
        if (Current.IsRecorded)
        {
            Say("--pcap records one run of one protocol; quit and start anew", nowNs);
            return;
        }

        try
        {
            _traces.Follow(() => Open(request));
        }
        catch (Exception e) when (e is LinuxException or UserError)
        {
            Say(e.Message, nowNs);
        }
    }

    private void SwitchToNext()
    {
        if (RouteCacheGaps.Of(Current.Sockets) is { } gap)
        {
            _earlierGaps.Add(gap);
        }

        (_onlyFlow, _pausedByUser) = (null, false);
        _traces.Switch(() => _frame.Cancellation.IsCancellationRequested);
    }

    private void Say(string notice, long nowNs) => (_notice, _noticeUntilNs) = (notice, nowNs + NoticeNs);

    private OpenTrace Open(TraceRequest request) =>
        new(request, _target, _numbers, _frame, request.Search is null ? Math.Min(MostRecent, RecentPerFlow * request.Flows) : MostRecent);
}
