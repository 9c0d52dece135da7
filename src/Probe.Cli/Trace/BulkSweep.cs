using System.Globalization;
using System.Security.Cryptography;
using Probe.Cli.Frame;
using Probe.Cli.Parsing;
using Probe.Core.Evidence;
using Probe.Core.Host;
using Probe.Core.Probing;
using Probe.Core.Tracing;
using Probe.Core.Vocabulary;
using Probe.Core.Wire;

namespace Probe.Cli.Trace;

/// <summary>Runs the traces to many hosts: one sweep, one pair of sockets, one stream of results.</summary>
internal sealed class BulkSweep : IBulkTargets, IDisposable
{
    private const int MostInFlight = 8192;
    private const int LeastInFlight = 64;
    private const long LossesAgeNs = 1_000_000;

    private readonly TraceRequest _request;
    private readonly IReadOnlyList<TargetName> _hosts;
    private readonly RunFrame _frame;
    private readonly BulkSockets _sockets;
    private readonly CancellationTokenSource _stop;
    private readonly TraceAids _aids;
    private readonly BulkWriter _writer;
    private readonly TargetFeeder _feeder;
    private readonly BulkTracer _tracer;
    private readonly long[] _lostBefore;
    private readonly long _zeroNs;
    private (long AtNs, long Packets) _losses = (long.MinValue, 0);
    private SweepEnd _end;
    private long? _endedNs;
    private readonly Dictionary<RouteCacheOutcome, int> _learned = [];
    private long _notSent;

    /// <param name="request">What every trace is to be.</param>
    /// <param name="hosts">The list.</param>
    /// <param name="frame">The run.</param>
    /// <param name="view">Shows traces to people as they are finished.</param>
    public BulkSweep(TraceRequest request, IReadOnlyList<TargetName> hosts, RunFrame frame, BulkView view)
    {
        _request = request;
        _hosts = hosts;
        _frame = frame;
        _lostBefore = new long[hosts.Count];
        _stop = CancellationTokenSource.CreateLinkedTokenSource(frame.Cancellation);
        _sockets = BulkSockets.Open(SocketsOptions(request, hosts));
        try
        {
            frame.Record([], (in packet) => RunCapture.NameBy(_sockets.Wire, packet));
            _aids = TraceAids.Open(request);
        }
        catch
        {
            _sockets.Dispose();
            throw;
        }

        _zeroNs = _sockets.Wire.NowNs;
        _tracer = new BulkTracer(TracerOptions(request), this, new ProbeNumbers());
        _writer = new BulkWriter(request, hosts, frame, _aids, view, Progress, Stop);
        _feeder = new TargetFeeder(hosts, request.Probing.Family, _sockets, _writer.Add);
    }

    private Instant Now => new(_sockets.StartedUnixNs + _sockets.Wire.NowNs);

    private double Seconds => ((_endedNs ?? _sockets.Wire.NowNs) - _zeroNs) / 1e9;

    /// <inheritdoc/>
    public void Dispose()
    {
        _feeder.Dispose();
        _writer.Dispose();
        _aids.Dispose();
        _sockets.Dispose();
        _stop.Dispose();
    }

    FeedStatus IBulkTargets.TryTake(out BulkTarget target)
    {
        if (_writer.IsFull)
        {
            // Looked at again after a while: whoever reads the results is slow.
            target = default;
            return FeedStatus.Waiting;
        }

        var status = _feeder.TryTake(out target);
        if (status == FeedStatus.Ready)
        {
            _lostBefore[target.Index] = Losses();
        }

        return status;
    }

    void IBulkTargets.Finished(BulkTrace trace)
    {
        _notSent += trace.NotSent;
        if (trace.SawPacketTooBig)
        {
            var outcome = _sockets.CleanRouteCache(trace.Target.Address);
            _learned[outcome] = _learned.GetValueOrDefault(outcome) + 1;
        }

        _writer.Add(trace, _end, Losses() - _lostBefore[trace.Target.Index]);
    }

    /// <summary>Traces every host.</summary>
    public Measured Run()
    {
        using var wake = _stop.Token.Register(_sockets.Wire.Wake);
        _end = _frame.Sweep(_tracer, _sockets.Wire, _ => { }, _stop.Token);
        _feeder.Dispose();
        _tracer.Stop();
        var ended = Now;
        _endedNs = _sockets.Wire.NowNs;
        _frame.EndRecording();
        if (_end != SweepEnd.Done)
        {
            _writer.WaitForNoMoreNames();
        }

        _writer.Finish();
        return new Measured
        {
            End = _end,
            Ended = ended,
            Traces = _writer.Shown == 0 ? [] : null,
            Judged = _writer.Findings.Judgement,
            Gaps = [.. Gaps()],
            HasFault = _writer.Findings.HasFault || (_writer.Reached + _writer.CutOff < _writer.Shown && !_request.AllowUnreached),
        };
    }

    /// <summary>The run in one sentence, and the findings in a few lines, for people.</summary>
    public IEnumerable<string> Summary() => [Sentence(), .. _writer.Findings.Lines()];

    private void Stop()
    {
        _stop.Cancel();
        _sockets.Wire.Wake();
    }

    /// <summary>Answers lost in this host so far; asked of the kernel once a millisecond at most.</summary>
    private long Losses()
    {
        var now = _sockets.Wire.NowNs;
        if (now - _losses.AtNs >= LossesAgeNs || _losses.AtNs == long.MinValue)
        {
            _losses = (now, _sockets.Wire.ReadLosses().Packets);
        }

        return _losses.Packets;
    }

    private string Progress() => string.Create(CultureInfo.InvariantCulture,
        $"{_writer.Shown} of {_hosts.Count} hosts, {_tracer.ProbesSent} probes sent, {_tracer.ProbesSent / Math.Max(Seconds, 1e-3):0}/s");

    private string Sentence()
    {
        var silent = _writer.Shown - _writer.Reached - _writer.NotProbed;
        var parts = new List<string> { $"{_writer.Reached} reached" };
        if (silent > 0)
        {
            parts.Add($"{silent} not reached");
        }

        if (_writer.NotProbed > 0)
        {
            parts.Add($"{_writer.NotProbed} not probed");
        }

        if (_writer.Shown < _hosts.Count)
        {
            parts.Add($"{_hosts.Count - _writer.Shown} not begun");
        }

        return string.Create(CultureInfo.InvariantCulture,
            $"{_hosts.Count} hosts: {string.Join(", ", parts)}; {_tracer.ProbesSent} probes in {Seconds:0.0} s.");
    }

    private IEnumerable<Gap> Gaps()
    {
        if (_writer.Shown < _hosts.Count)
        {
            yield return new Gap("traces", $"{_hosts.Count - _writer.Shown} of {_hosts.Count} hosts were not begun");
        }

        if (_writer.Findings.Count > BulkFindings.Kept)
        {
            yield return new Gap("findings",
                $"only {BulkFindings.Kept} of {_writer.Findings.Count} are listed; probe report finds them all again");
        }

        foreach (var gap in RunGaps.Of(_notSent, clockSteps: _sockets.ClockSteps))
        {
            yield return gap;
        }

        if (Losses() is > 0 and var lost)
        {
            yield return new Gap("answers", $"up to {lost} were lost in this host: loss figures are upper bounds; try a lower --rate");
        }

        foreach (var gap in RouteCacheGaps.Of(_learned))
        {
            yield return gap;
        }
    }

    private static BulkSocketsOptions SocketsOptions(TraceRequest request, IReadOnlyList<TargetName> hosts)
    {
        var names = hosts.Any(host => host.IsName);
        return new BulkSocketsOptions(request.Probing)
        {
            IPv4 = request.Probing.Family != Family.V6 && (names || hosts.Count == 0 || hosts.Any(host => host.Address.IsV4)),
            IPv6 = request.Probing.Family != Family.V4 && (names || hosts.Any(host => host.Address.IsV6)),
            Protocol = request.Protocol,
            DestinationPort = request.Port ?? 0,
            Via = request.Probing.Via,
            Targets = hosts.Where(host => !host.IsName).Select(host => host.Address),
            TimeoutNs = request.Probing.Timeout.Ns,
        };
    }

    private static BulkOptions TracerOptions(TraceRequest request)
    {
        var options = new BulkOptions(request.Sweep)
        {
            Size = request.Size,
            Via = request.Probing.ViaTexts,
            Seed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))),
        };

        // A target is under way for a few seconds where hops are silent, and takes some sixteen probes.
        return options with { InFlight = Math.Clamp(options.MaxPerSecond / 4, LeastInFlight, MostInFlight) };
    }
}
