using System.Diagnostics;
using Probe.Cli.Output;
using Probe.Core.Evidence;
using Probe.Core.Linux.Files;
using Probe.Core.Linux.Terminal;

namespace Probe.Cli.Live;

/// <summary>What the view needs of the run; every member may be called from the view's thread.</summary>
internal interface ILiveRun
{
    /// <summary>Something happened since the last snapshot.</summary>
    bool HasNews { get; }

    /// <summary>Asks for a snapshot; <see cref="LiveView.Wake"/> tells when it is there.</summary>
    void Ask();

    /// <summary>The snapshot that was asked for; null when it is not there yet.</summary>
    LiveSnapshot? Take();

    /// <summary>Hands over a command. <see cref="LiveCommand.Suspend"/> returns only when nothing is sent any more.</summary>
    void Post(LiveCommand command);
}

/// <summary>
/// Keys in, frames out, on a thread of its own: writing to a terminal may block for as long as its user likes (Ctrl-S, a slow line), and
/// that must never hold up a probe. The sweep's thread only makes the snapshots, between two steps, and only when asked: at most ten a
/// second, fewer where one takes long (0.36 ms with 20 hops, median on a busy machine).
/// </summary>
internal sealed class LiveView : IDisposable
{
    private const long FrameNs = 100_000_000;
    private const long SequenceNs = 50_000_000;
    private const long JudgementNs = 1_000_000_000;

    // Snapshots take at most one part in fifty of the loop's thread.
    private const long LeastPause = 50;
    private const long LongestPauseNs = 1_000_000_000;

    private readonly FullScreenTerminal _terminal;
    private readonly LiveScreen _screen;
    private readonly LiveSignals _signals;
    private readonly ILiveRun _run;
    private readonly Palette _palette;
    private readonly Thread _thread;
    private readonly KeyReader _reader = new();
    private readonly List<KeyPress> _keys = [];
    private ViewState _state;
    private LiveSnapshot? _snapshot;
    private bool _changed;
    private bool _asked;
    private long _nextAskNs;
    private long _nextFrameNs;
    private long _nextJudgementNs;
    private IReadOnlyList<Finding> _findings = [];
    private volatile bool _ended;

    public LiveView(FullScreenTerminal terminal, ILiveRun run, ViewState state, Palette palette)
    {
        _terminal = terminal;
        _run = run;
        _state = state;
        _palette = palette;
        _screen = new LiveScreen(terminal);
        _signals = new LiveSignals(_screen, terminal.Wake);
        _thread = new Thread(Run) { IsBackground = true, Name = "view" };
    }

    /// <summary>Why the view ended by itself; the run ends too then.</summary>
    public Exception? Failure { get; private set; }

    private static long NowNs => Stopwatch.GetElapsedTime(0).Ticks * 100;

    /// <summary>Takes the screen and begins to show.</summary>
    public void Start()
    {
        _screen.Enter();
        _thread.Start();
    }

    /// <summary>There is news, or the snapshot asked for.</summary>
    public void Wake() => _terminal.Wake();

    /// <summary>Gives the screen back.</summary>
    public void Dispose()
    {
        _ended = true;
        _terminal.Wake();

        // A thread that hangs on a stopped terminal is left behind.
        if (_thread.ThreadState != System.Threading.ThreadState.Unstarted)
        {
            _ = _thread.Join(TimeSpan.FromSeconds(1));
        }

        _screen.Dispose();
        _signals.Dispose();
    }

    private void Run()
    {
        try
        {
            while (!_ended)
            {
                Turn();
            }
        }
        catch (Exception e)
        {
            // Whatever it is, it is the run's to report, once the screen is given back.
            Failure = e;
            _run.Post(LiveCommand.Quit);
        }
    }

    private void Turn()
    {
        switch (_terminal.Wait(TimeToWait(NowNs)))
        {
            case TerminalEvent.Keys:
                Span<byte> octets = stackalloc byte[256];
                _reader.Read(octets[.._terminal.ReadKeys(octets)], _keys);
                break;
            case TerminalEvent.HungUp:
                throw new OutputClosedException();
            case TerminalEvent.None when _reader.IsOpen:
                _reader.Flush(_keys);
                break;
        }

        foreach (var key in _keys)
        {
            Press(key);
        }

        _keys.Clear();
        TakeSignals();
        if (_run.Take() is { } snapshot)
        {
            _snapshot = snapshot with { Findings = Judge(snapshot) };
            (_changed, _asked) = (true, false);
            _nextAskNs = Math.Max(_nextAskNs, NowNs + Math.Min(snapshot.CostNs * LeastPause, LongestPauseNs));
        }

        var now = NowNs;
        if (!_asked && now >= _nextAskNs && _run.HasNews)
        {
            (_asked, _nextAskNs) = (true, now + FrameNs);
            _run.Ask();
        }

        if (_changed && _snapshot is not null && now >= _nextFrameNs)
        {
            Draw();
            _nextFrameNs = now + FrameNs;
        }
    }

    // Once a second is soon enough for a conclusion.
    private IReadOnlyList<Finding> Judge(LiveSnapshot snapshot)
    {
        if (NowNs >= _nextJudgementNs || snapshot.Started != _snapshot?.Started)
        {
            _findings = LiveFindings.Of(snapshot);
            _nextJudgementNs = NowNs + JudgementNs;
        }

        return _findings;
    }

    private long TimeToWait(long nowNs)
    {
        var until = long.MaxValue;
        if (_changed && _snapshot is not null)
        {
            until = _nextFrameNs;
        }

        if (!_asked && _run.HasNews)
        {
            until = Math.Min(until, _nextAskNs);
        }

        if (_reader.IsOpen)
        {
            until = Math.Min(until, nowNs + SequenceNs);
        }

        return until == long.MaxValue ? long.MaxValue : Math.Max(0, until - nowNs);
    }

    private void Draw()
    {
        var (rows, columns) = _terminal.Size;
        var size = new ScreenSize(rows, columns);
        var frame = LivePage.Render(_snapshot!, _state, size, _palette);
        _state = frame.State;
        _changed = false;
        _screen.Draw(frame.Lines, size);
    }

    private void TakeSignals()
    {
        if (_signals.TakeStop())
        {
            _run.Post(LiveCommand.Suspend);
            _screen.Leave();
            FullScreenTerminal.StopProcess();
        }

        // Also after a stop that came from elsewhere; in the background there is no screen to draw on.
        if (_signals.TakeContinued() && _terminal.IsForeground)
        {
            _screen.Enter();
            DrawAnew();
            _run.Post(LiveCommand.Continue);
        }

        if (_signals.TakeResized())
        {
            DrawAnew();
        }
    }

    private void DrawAnew()
    {
        _screen.Forget();
        (_changed, _nextFrameNs) = (true, 0);
    }

    private void Press(KeyPress key)
    {
        var page = Math.Max(1, _terminal.Size.Rows / 2);
        var old = _state;
        _state = key switch
        {
            { Key: Key.Up } or { Sign: 'k' } => _state with { Top = _state.Top - 1 },
            { Key: Key.Down } or { Sign: 'j' } => _state with { Top = _state.Top + 1 },
            { Key: Key.PageUp } => _state with { Top = _state.Top - page },
            { Key: Key.PageDown } => _state with { Top = _state.Top + page },
            { Key: Key.Home } => _state with { Top = 0 },
            { Key: Key.End } => _state with { Top = int.MaxValue },
            { Key: Key.Escape } => _state with { Help = false },
            { Sign: 'h' or '?' } => _state with { Help = !_state.Help },
            { Sign: 'o' } => _state with { ColumnSet = (_state.ColumnSet + 1) % LiveColumns.Sets.Count, Help = false },
            { Sign: 'n' } => _state with { Names = !_state.Names, Help = false },
            _ => _state,
        };
        _changed |= _state != old;
        if (key is { Sign: 'n' } && _state.Names)
        {
            _run.Post(LiveCommand.AskNames);
        }
        else if (key.Sign == '\f')
        {
            DrawAnew();
        }
        else if (CommandOf(key) is { } command)
        {
            _run.Post(command);
        }
    }

    private static LiveCommand? CommandOf(KeyPress key) => key.Sign switch
    {
        'q' or 'Q' => LiveCommand.Quit,
        'p' or ' ' => LiveCommand.Pause,
        'r' => LiveCommand.Reset,
        'i' => LiveCommand.Icmp,
        'u' => LiveCommand.Udp,
        't' => LiveCommand.Tcp,
        'f' => LiveCommand.NextFlow,
        _ => null,
    };
}
