using Probe.Cli.Commands;
using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Core.Probing;
using Probe.Core.Tracing;

namespace Probe.Cli.Live;

/// <summary>One sweep with its sockets; changing the protocol makes a new one. The loop's thread owns it.</summary>
internal sealed class LiveSession : IDisposable
{
    private const int RecentPerFlow = 40;
    private const int MostRecent = 640;
    private bool _closed;

    /// <exception cref="UserError">The size is too small for the protocol.</exception>
    /// <exception cref="Core.Linux.LinuxException">The sockets cannot be opened.</exception>
    public LiveSession(TraceRequest request, IpAddress target, ProbeNumbers numbers)
    {
        Request = request;
        Size = TraceRun.SizeFor(request, target);
        Session = TraceRun.Open(request, target);
        var options = TraceRun.MakeOptions(request, Session, target, Size) with
        {
            RecentProbes = Math.Min(MostRecent, RecentPerFlow * request.Flows),
        };
        Tracer = new Tracer(options, numbers);
        ZeroNs = Wire.NowNs;
    }

    /// <summary>What it was asked to do.</summary>
    public TraceRequest Request { get; }

    /// <summary>Octets of a probe.</summary>
    public int Size { get; }

    /// <summary>The sockets.</summary>
    public ProbeSession Session { get; }

    /// <summary>Sends and receives.</summary>
    public PacketWire Wire => Session.Wire;

    /// <summary>The sweep.</summary>
    public Tracer Tracer { get; }

    /// <summary>The wire's clock when the statistics began.</summary>
    public long ZeroNs { get; private set; }

    /// <summary>When the statistics began.</summary>
    public Instant Started => new(Session.StartedUnixNs + ZeroNs);

    /// <summary>The time now.</summary>
    public Instant Now => new(Session.StartedUnixNs + Wire.NowNs);

    /// <summary>Begins the statistics anew.</summary>
    public void Reset()
    {
        Tracer.Reset();
        ZeroNs = Wire.NowNs;
    }

    /// <summary>Reads what the sweep has seen.</summary>
    public TraceEvidenceBuilder MakeBuilder(Func<IpAddress, string?> nameOf) => new(Tracer, ZeroNs, nameOf);

    /// <summary>Ends a wait of the loop, from another thread.</summary>
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
        Session.Dispose();
    }
}
