using Probe.Cli.Frame;
using Probe.Cli.Parsing;
using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Tracing;
using Probe.Core.Vocabulary;
using Probe.Core.Wire;

namespace Probe.Cli.Trace;

/// <summary>One sweep with its sockets. The loop's thread owns it.</summary>
internal sealed class OpenTrace : IDisposable
{
    private readonly TraceOptions _options;
    private bool _closed;

    /// <exception cref="UserError">The size is too small for the protocol, or the capture cannot be written.</exception>
    /// <exception cref="Core.Linux.LinuxException">The sockets cannot be opened.</exception>
    /// <param name="request">What to do.</param>
    /// <param name="target">The address to probe.</param>
    /// <param name="numbers">Numbers of the whole run.</param>
    /// <param name="frame">The run, which captures the packets where the user wants that; null for one that is not shown.</param>
    /// <param name="recentProbes">So many probes are kept one by one for a view.</param>
    public OpenTrace(TraceRequest request, IpAddress target, ProbeNumbers numbers, RunFrame? frame = null, int recentProbes = 0)
    {
        Request = request;
        Target = target;
        Size = SizeFor(request, target);
        Sockets = Open(request, target);
        try
        {
            UnprivilegedTrace.CheckSize(Sockets, request, Size);
            if (Sockets.Packets is { } packets && frame is not null)
            {
                frame.Record([target, .. request.Probing.Via.Layers.Select(layer => layer.Remote)],
                    (in packet) => RunCapture.NameBy(packets, packet));
                IsRecorded = frame.IsRecording;
            }
        }
        catch
        {
            Sockets.Dispose();
            throw;
        }

        _options = MakeOptions() with { RecentProbes = recentProbes };
        Search = request.Search is { } search ? MakeSearch(search, numbers) : null;
        Sweep = Search is null ? MakeTracer(numbers) : Search;
        ZeroNs = frame is null ? Wire.NowNs : Wire.NowNs - (CommandContext.Now().UnixNs - frame.Started.UnixNs);
    }

    /// <summary>What it was asked to do.</summary>
    public TraceRequest Request { get; }

    /// <summary>The address probed.</summary>
    public IpAddress Target { get; }

    /// <summary>Octets of a probe.</summary>
    public int Size { get; }

    /// <summary>The sockets.</summary>
    public ProbeSockets Sockets { get; }

    /// <summary>Sends and receives.</summary>
    public IWire Wire => Sockets.Wire;

    /// <summary>Its packets are captured.</summary>
    public bool IsRecorded { get; }

    /// <summary>What runs now: the search of all paths, or the cycles.</summary>
    public TraceSweep Sweep { get; private set; }

    /// <summary>The search of all paths, running or over; null when it was not asked for.</summary>
    public MultipathTracer? Search { get; }

    /// <summary>
    /// The wire's clock at the zero of the document's offsets: the start of the run, or of the statistics that were begun anew.
    /// </summary>
    public long ZeroNs { get; private set; }

    /// <summary>The statistics were begun anew, and the document with them.</summary>
    public bool IsReset { get; private set; }

    /// <summary>The zero of the document's offsets.</summary>
    public Instant Started => new(Sockets.StartedUnixNs + ZeroNs);

    /// <summary>The time now.</summary>
    public Instant Now => new(Sockets.StartedUnixNs + Wire.NowNs);

    /// <summary>Why the search that has ended is not complete; null when it is, or has not ended by itself.</summary>
    public Gap? SearchGap { get; private set; }

    /// <summary>The sweep is done: goes on with the cycles after a search. False when there is nothing to go on with.</summary>
    public bool GoOn()
    {
        if (Sweep is not MultipathTracer search)
        {
            return false;
        }

        SearchGap = search.IsComplete ? null : new Gap("paths",
            search.OutOfProbes ? $"the search has spent its {Request.Search!.MaxProbes} probes; more with --max-probes"
            : Sockets.FlowsEnded is { } ended ? $"the search needs more than {Sockets.Flows.Count} flows: {ended}"
            : "some flows stayed without an answer at hops that answer others");
        if (Request.Count == 0 || search.SendError is not null)
        {
            return false;
        }

        Sweep = new Tracer(_options, search);
        return true;
    }

    /// <summary>Begins the statistics anew; a search knows no statistics.</summary>
    public void Reset()
    {
        (Sweep as Tracer)?.Reset();
        ZeroNs = Wire.NowNs;
        IsReset = true;
    }

    /// <summary>Reads what the sweep has seen.</summary>
    public TraceEvidenceBuilder MakeBuilder(Func<IpAddress, string?> nameOf) => new(Sweep, ZeroNs, nameOf)
    {
        Via = Request.Probing.ViaTexts,
        Mode = Sockets.Unprivileged is null ? TraceMode.Raw : TraceMode.Unprivileged,
    };

    /// <summary>Ends a wait of the loop; for another thread that keeps <see cref="Dispose"/> away meanwhile.</summary>
    public void Wake()
    {
        if (!_closed)
        {
            Sockets.Wake();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _closed = true;
        Sockets.Dispose();
    }

    private static int SizeFor(TraceRequest request, IpAddress target)
    {
        var size = request.Size ?? ProbeWriter.DefaultSize(target.IsV6);
        TraceRequest.CheckSize(size, request.Protocol, target.IsV6, request.Probing.Via.Overhead);
        return size;
    }

    private static ProbeSockets Open(TraceRequest request, IpAddress target) => ProbeSockets.Open(new ProbeSocketsOptions(request.Probing)
    {
        Target = target,
        Protocol = request.Protocol,
        DestinationPort = request.Port ?? 0,
        Flows = request.Flows,
        Unprivileged = request.Unprivileged,
        TimeoutNs = request.Probing.Timeout.Ns,
        Via = request.Probing.Via,
    });

    private Tracer MakeTracer(ProbeNumbers numbers)
    {
        TraceRehearsal.Run(_options);
        return new Tracer(_options, numbers);
    }

    private MultipathTracer MakeSearch(SearchRequest search, ProbeNumbers numbers)
    {
        var options = new MultipathOptions
        {
            Trace = _options,
            FlowAt = Sockets.FlowAt,
            Confidence = search.Confidence,
            Scope = search.Scope,
            MaxProbes = search.MaxProbes,
        };
        TraceRehearsal.Run(options);
        return new MultipathTracer(options, numbers);
    }

    private TraceOptions MakeOptions()
    {
        var options = new TraceOptions(Request.Sweep)
        {
            Target = Target,
            Source = Sockets.Source,
            Flows = [.. Sockets.Flows],
            Size = Size,
            Via = Sockets.Via,
            OneAtATime = Sockets.Unprivileged is { } unprivileged ? () => unprivileged.OneAtATime : null,
        };
        return options.MaxPerSecond == int.MaxValue ? options with { MaxPerTtlIn10Seconds = int.MaxValue } : options;
    }
}
