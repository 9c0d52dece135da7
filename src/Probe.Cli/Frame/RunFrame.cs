using Probe.Cli.Output;
using Probe.Cli.Parsing;
using Probe.Core.Capture;
using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Vocabulary;
using Probe.Report;
using Probe.Report.Diagnosis;

namespace Probe.Cli.Frame;

/// <summary>
/// One run: measurements one after the other under one zero of time, one deadline, one capture and one watch of this host; then one
/// document, judged by all rules, shown, and turned into an exit code.
/// </summary>
internal sealed class RunFrame : IDisposable
{
    private readonly CommandContext _context;
    private readonly CaptureRequest? _captureRequest;
    private RunCapture? _capture;

    private RunFrame(CommandContext context, RunOutput output, CaptureRequest? capture) =>
        (_context, Output, _captureRequest) = (context, output, capture);

    /// <summary>Where results go.</summary>
    public RunOutput Output { get; }

    /// <summary>When the run has to end.</summary>
    public RunLimit Limit => _context.Limit;

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Cancellation => _context.Cancellation;

    /// <summary>Warnings and progress.</summary>
    public Messages Messages => _context.Messages;

    /// <summary>The zero of every offset in the document.</summary>
    public Instant Started => _context.Started;

    /// <summary>This host's side.</summary>
    public HostWatch Host { get; } = new();

    /// <summary>As the other <c>Run</c>, with Probe's own exit codes.</summary>
    public static ExitStatus Run(CommandContext context, RunOutput output, CaptureRequest? capture,
        params IReadOnlyList<IMeasurement> measurements) =>
        Run(context, output, capture, ExitMode.Probe, measurements);

    /// <summary>Measures, and makes document, output and exit code of it.</summary>
    /// <param name="context">The process.</param>
    /// <param name="output">Where results go.</param>
    /// <param name="capture">The capture to write; null for none.</param>
    /// <param name="mode">For whom the exit code is.</param>
    /// <param name="measurements">What to measure, one after the other.</param>
    public static ExitStatus Run(CommandContext context, RunOutput output, CaptureRequest? capture, ExitMode mode,
        params IReadOnlyList<IMeasurement> measurements)
    {
        using var frame = new RunFrame(context, output, capture);
        var measured = new List<Measured>();
        foreach (var measurement in measurements)
        {
            if (measured.Count > 0 && context.Limit.End != SweepEnd.Done)
            {
                break;
            }

            measured.Add(frame.Measure(measurement, measured.Count > 0));
        }

        context.Messages.EndProgress();
        return frame.Conclude(measured, mode);
    }

    /// <summary>
    /// Captures packets of these addresses from now on, besides those asked for before; nothing unless the user wants a capture.
    /// </summary>
    /// <param name="addresses">Only packets of these are looked at, and ICMP, as a router's error has no target's address; none for all
    /// packets.</param>
    /// <param name="comment">Names the probe that a packet belongs to; null leaves the packet out.</param>
    /// <exception cref="UserError">The file cannot be written.</exception>
    /// <exception cref="Core.Linux.LinuxException">No CAP_NET_RAW.</exception>
    public void Record(IReadOnlyCollection<IpAddress> addresses, PacketComment comment)
    {
        if (_captureRequest is { } request)
        {
            _capture ??= new RunCapture(request);
            _capture.Record(addresses, comment);
        }
    }

    /// <summary>Writes what is still on its way through the kernel, before the wire that can name it is closed.</summary>
    public void EndRecording() => _capture?.EndRecording();

    /// <summary>The user wants a capture.</summary>
    public bool WantsCapture => _captureRequest is not null;

    /// <summary>A capture is being written.</summary>
    public bool IsRecording => _capture is not null;

    /// <summary>Runs a sweep to its end, or to the end of the run.</summary>
    /// <param name="sweep">What to ask.</param>
    /// <param name="wire">Who carries it.</param>
    /// <param name="afterStep">Called after each step, for progress or a view.</param>
    /// <param name="stop">Ends it, besides the deadline: the user's signal or what else the measurement stops for.</param>
    public SweepEnd Sweep(ISweep sweep, IWire wire, Action<long> afterStep, CancellationToken stop) =>
        SweepLoop.Run(sweep, wire, Limit.On(wire.NowNs), stop, nowNs =>
        {
            Observe();
            afterStep(nowNs);
        });

    /// <summary>A document of one trace alone, for rules that judge traces as they are finished.</summary>
    public Bundle Document(TraceEvidence trace) => _context.NewDocument() with { Traces = [trace] };

    /// <summary>What is looked at after each step of a loop, whoever runs it.</summary>
    public void Observe() => _capture?.Drain();

    /// <inheritdoc/>
    public void Dispose() => _capture?.Dispose();

    /// <summary>Measures one; what was measured before is not lost by an end that came before this one began.</summary>
    private Measured Measure(IMeasurement measurement, bool isLater)
    {
        try
        {
            return measurement.Measure(this);
        }
        catch (OperationCanceledException) when (isLater && Limit.End != SweepEnd.Done)
        {
            return new Measured { End = Limit.End, Gaps = [RunGaps.NothingMeasured] };
        }
    }

    private ExitStatus Conclude(List<Measured> measured, ExitMode mode)
    {
        var file = _capture?.Finish();
        var bundle = Assemble(measured, file);
        var judgement = KnownRules.All.Judge(bundle);
        var status = ExitJudgement.Of(measured, judgement.Findings, mode);
        var all = measured.Select(one => one.Judged).OfType<Judgement>().Aggregate(judgement, (sum, streamed) => sum.And(streamed));
        Output.End(all.StoreIn(bundle), status);
        return status;
    }

    /// <summary>The document of all measurements, not judged yet.</summary>
    private Bundle Assemble(List<Measured> measured, CaptureFile? file)
    {
        var bundle = _context.NewDocument(measured.Max(one => one.End)) with
        {
            Traces = Join(measured, one => one.Traces),
            Checks = Join(measured, one => one.Checks),
            PathMtus = Join(measured, one => one.PathMtus),
            Sockets = Join(measured, one => one.Sockets.Count > 0 ? one.Sockets : null),
            Captures = file is null ? null : [file],
            Gaps = [.. measured.SelectMany(one => one.Gaps), .. RunGaps.Of(captureLost: _capture?.Lost ?? 0)],
        };
        if (measured is [{ } only])
        {
            bundle = bundle with { Started = only.Started ?? bundle.Started, Ended = only.Ended ?? bundle.Ended };
        }

        bundle = Host.Describe(bundle);
        Gap[] gaps = [.. bundle.Gaps!.Distinct()];
        return bundle with { Gaps = gaps.Length == 0 ? null : gaps };
    }

    private static IReadOnlyList<T>? Join<T>(List<Measured> measured, Func<Measured, IReadOnlyList<T>?> part)
    {
        IReadOnlyList<T>? all = null;
        foreach (var one in measured)
        {
            if (part(one) is { } there)
            {
                all = all is null ? there : [.. all, .. there];
            }
        }

        return all;
    }
}
