using Probe.Cli.Parsing;
using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Tracing;

namespace Probe.Cli.Commands;

/// <summary>One sweep with its sockets and its capture. The loop's thread owns it.</summary>
internal sealed class TraceSession : IDisposable
{
    private bool _closed;

    /// <exception cref="UserError">The size is too small for the protocol, or the capture cannot be written.</exception>
    /// <exception cref="Core.Linux.LinuxException">The sockets cannot be opened.</exception>
    public TraceSession(TraceRequest request, IpAddress target, ProbeNumbers numbers, int recentProbes = 0)
    {
        Request = request;
        Target = target;
        Size = SizeFor(request, target);
        Probing = Open(request, target);
        try
        {
            Capture = OpenCapture(request.Probing.CaptureFile, Wire, [target]);
        }
        catch
        {
            Probing.Dispose();
            throw;
        }

        var options = MakeOptions() with { RecentProbes = recentProbes };
        TraceRehearsal.Run(options);
        Tracer = new Tracer(options, numbers);
        ZeroNs = Wire.NowNs;
    }

    /// <summary>What it was asked to do.</summary>
    public TraceRequest Request { get; }

    /// <summary>The address probed.</summary>
    public IpAddress Target { get; }

    /// <summary>Octets of a probe.</summary>
    public int Size { get; }

    /// <summary>The sockets.</summary>
    public ProbeSession Probing { get; }

    /// <summary>Sends and receives.</summary>
    public PacketWire Wire => Probing.Wire;

    /// <summary>The capture; null for none.</summary>
    public ProbeCapture? Capture { get; }

    /// <summary>The sweep.</summary>
    public Tracer Tracer { get; }

    /// <summary>The wire's clock when the statistics began.</summary>
    public long ZeroNs { get; private set; }

    /// <summary>When the statistics began.</summary>
    public Instant Started => new(Probing.StartedUnixNs + ZeroNs);

    /// <summary>The time now.</summary>
    public Instant Now => new(Probing.StartedUnixNs + Wire.NowNs);

    /// <summary>Begins the statistics anew.</summary>
    public void Reset()
    {
        Tracer.Reset();
        ZeroNs = Wire.NowNs;
    }

    /// <summary>Reads what the sweep has seen.</summary>
    public TraceEvidenceBuilder MakeBuilder(Func<IpAddress, string?> nameOf) => new(Tracer, ZeroNs, nameOf);

    /// <summary>Ends a wait of the loop; for another thread that keeps <see cref="Dispose"/> away meanwhile.</summary>
    public void Wake()
    {
        if (!_closed)
        {
            Wire.Wake();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _closed = true;
        Capture?.Dispose();
        Probing.Dispose();
    }

    private static int SizeFor(TraceRequest request, IpAddress target)
    {
        var size = request.Size ?? ProbeWriter.DefaultSize(target.IsV6);
        TraceRequest.CheckSize(size, request.Protocol, target.IsV6);
        return size;
    }

    private static ProbeSession Open(TraceRequest request, IpAddress target) => ProbeSession.Open(new ProbeSessionOptions
    {
        Target = target,
        Protocol = request.Protocol,
        DestinationPort = request.Port ?? 0,
        Flows = request.Flows,
        Source = request.Probing.Source ?? default,
        Interface = request.Probing.Interface,
        Mark = request.Probing.Mark,
        TimeoutNs = request.Probing.Timeout.Ns,
    });

    /// <summary>Begins to capture a run's packets; null when no file is named.</summary>
    /// <exception cref="UserError">The file cannot be written.</exception>
    internal static ProbeCapture? OpenCapture(string? file, PacketWire wire, IReadOnlyList<IpAddress> targets)
    {
        try
        {
            return file is null ? null : ProbeCapture.Open(file, wire, targets);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw UserError.CannotRun($"cannot write {file}: {e.Message}");
        }
    }

    private TraceOptions MakeOptions()
    {
        var options = new TraceOptions
        {
            Target = Target,
            Source = Probing.Source,
            Protocol = Request.Protocol,
            Flows = Probing.Flows,
            FirstTtl = Request.FirstTtl,
            MaxTtl = Request.MaxTtl,
            Cycles = Request.Count,
            IntervalNs = Request.Interval.Ns,
            TimeoutNs = Request.Probing.Timeout.Ns,
            Size = Size,
            Dscp = Request.Probing.Dscp,
        };
        return Request.Probing.Rate switch
        {
            null => options,
            { PerSecond: not null, MostPerSecond: var most } => options with { MaxPerSecond = most },
            _ => options with { MaxPerSecond = int.MaxValue, MaxPerTtlIn10Seconds = int.MaxValue },
        };
    }
}
