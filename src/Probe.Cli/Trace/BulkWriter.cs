using System.Collections.Concurrent;
using System.Diagnostics;
using Probe.Cli.Frame;
using Probe.Cli.Output;
using Probe.Cli.Parsing;
using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Core.Tracing;
using Probe.Core.Vocabulary;

namespace Probe.Cli.Trace;

/// <summary>
/// Judges and shows finished traces on a thread of its own, so that neither a slow name server nor a slow reader of the output holds up a
/// probe. A trace waits a moment for the names of its addresses; the others wait with it, so that they come out as they were finished.
/// </summary>
internal sealed class BulkWriter : IDisposable
{
    /// <summary>Finished traces beyond which no further target is begun: some 2 KiB each.</summary>
    public const int MostWaiting = 16_384;

    // Names are worth a wait, not the memory of a long list.
    private const int MostHeld = 2048;
    private static readonly TimeSpan LongestForNames = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan ShortTurn = TimeSpan.FromMilliseconds(5);

    private readonly TraceRequest _request;
    private readonly IReadOnlyList<TargetName> _hosts;
    private readonly RunFrame _frame;
    private readonly TraceAids _aids;
    private readonly BulkView _view;
    private readonly Func<string> _progress;
    private readonly Action _failed;
    private readonly BlockingCollection<Item> _queue = [];
    private readonly Queue<Item> _held = new();
    private readonly Thread _thread;
    private volatile int _heldCount;
    private volatile bool _waitsNoMore;
    private Exception? _fault;

    /// <summary>Begins; nothing is written before the first trace or <see cref="Finish"/>.</summary>
    /// <param name="request">What every trace is.</param>
    /// <param name="hosts">The list.</param>
    /// <param name="frame">The run, and where its results go.</param>
    /// <param name="aids">Names and AS numbers.</param>
    /// <param name="view">Shows them to people.</param>
    /// <param name="progress">How far the run is.</param>
    /// <param name="failed">Called once when nothing more can be written.</param>
    public BulkWriter(TraceRequest request, IReadOnlyList<TargetName> hosts, RunFrame frame, TraceAids aids, BulkView view,
        Func<string> progress, Action failed)
    {
        _request = request;
        _hosts = hosts;
        _aids = aids;
        _frame = frame;
        _view = view;
        _progress = progress;
        _failed = failed;
        _thread = new Thread(Work) { IsBackground = true, Name = "results" };
        _thread.Start();
    }

    /// <summary>What the rules say.</summary>
    public BulkFindings Findings { get; } = new();

    /// <summary>Traces shown.</summary>
    public int Shown { get; private set; }

    /// <summary>Of these, targets that answered.</summary>
    public int Reached { get; private set; }

    /// <summary>Of these, traces that the deadline cut off before their target answered: they have found nothing.</summary>
    public int CutOff { get; private set; }

    /// <summary>Of these, hosts that could not be probed.</summary>
    public int NotProbed { get; private set; }

    /// <summary>So many traces wait that no further target should be begun.</summary>
    public bool IsFull => _queue.Count + _heldCount >= MostWaiting;

    /// <summary>Takes a finished trace.</summary>
    /// <param name="trace">The trace.</param>
    /// <param name="end">Why the run ended, for one that did not come to its end.</param>
    /// <param name="localLost">Answers lost in this host meanwhile.</param>
    public void Add(BulkTrace trace, SweepEnd end, long localLost) =>
        _queue.Add(new Item(trace, end, localLost, null, null, Stopwatch.GetTimestamp()));

    /// <summary>Takes a host that could not be probed.</summary>
    public void Add(int index, IpAddress address, NotProbedReason reason, string message) =>
        _queue.Add(new Item(null, SweepEnd.Done, 0, NotProbedTrace(index, address, reason), message, Stopwatch.GetTimestamp()));

    /// <summary>Waits for no more names.</summary>
    public void WaitForNoMoreNames() => _waitsNoMore = true;

    /// <summary>Shows what is left, and returns when all is shown.</summary>
    /// <exception cref="IOException">The results could not be written.</exception>
    public void Finish()
    {
        _queue.CompleteAdding();
        _thread.Join();
        _frame.Messages.EndProgress();
        if (_fault is { } fault)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(fault);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _queue.Dispose();

    private void Work()
    {
        try
        {
            _view.Begin();
            while (!_queue.IsCompleted || _held.Count > 0)
            {
                TakeWaiting();
                ShowReady();
                _frame.Messages.Progress(_progress());
            }
        }
        catch (Exception e)
        {
            // Thrown again by Finish.
            _fault = e;
            _failed();
        }
    }

    private void TakeWaiting()
    {
        var wait = _held.Count > 0 ? ShortTurn : Turn;
        while (_held.Count < MostHeld && _queue.TryTake(out var item, wait))
        {
            _held.Enqueue(item);
            _heldCount = _held.Count;
            wait = TimeSpan.Zero;
            IsNamed(item);
        }
    }

    private void ShowReady()
    {
        var any = false;
        while (_held.TryPeek(out var item)
            && (_waitsNoMore || _held.Count >= MostHeld || IsNamed(item) || Stopwatch.GetElapsedTime(item.Since) > LongestForNames))
        {
            if (!any)
            {
                _frame.Messages.EndProgress();
                any = true;
            }

            Show(item);
            _held.Dequeue();
            _heldCount = _held.Count;
        }

        if (any)
        {
            _frame.Output.Flush();
        }
    }

    private bool IsNamed(in Item item) => item.Trace is null || _aids.AskAll(item.Trace.Addresses.Append(item.Trace.Target.Address));

    private void Show(in Item item)
    {
        var trace = item.Failed
            ?? _aids.Annotate(item.Trace!.Build(_hosts[item.Trace.Target.Index].Text, item.End, item.LocalLost, _aids.NameOf));
        if (item.Message is { } message)
        {
            _frame.Messages.Warning(message);
        }

        Shown++;
        Reached += trace.Reached ? 1 : 0;
        var isCutOff = item.End == SweepEnd.Deadline && !trace.Reached && item.Failed is null;
        CutOff += isCutOff ? 1 : 0;
        NotProbed += trace.Reason is null ? 0 : 1;
        var alone = Findings.Judge(_frame.Document(trace), countsFaults: trace.Reached || !(_request.AllowUnreached || isCutOff));
        _frame.Output.Stream(trace);
        _view.Show(trace, alone);
    }

    private TraceEvidence NotProbedTrace(int index, IpAddress address, NotProbedReason reason) => new()
    {
        Target = _hosts[index].Text,
        Address = address.ToString(),
        Protocol = _request.Protocol,
        Port = _request.Port,
        Source = "",
        Reached = false,
        StopReason = StopReason.Error,
        Reason = reason,
        Hops = [],
    };

    private readonly record struct Item(BulkTrace? Trace, SweepEnd End, long LocalLost, TraceEvidence? Failed, string? Message, long Since);
}
