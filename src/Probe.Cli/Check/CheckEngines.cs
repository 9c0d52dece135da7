using Probe.Core.Health;
using Probe.Core.Host;
using Probe.Core.Vocabulary;

namespace Probe.Cli.Check;

/// <summary>The engines of a run: kernel sockets on as many threads as pay, or one engine that exchanges messages.</summary>
internal sealed class CheckEngines : IDisposable
{
    // Checks a second beyond which an exact time of sending costs too much of them.
    private const double MostStamped = 20_000;

    private readonly List<ICheckEngine> _engines = [];

    private CheckEngines()
    {
    }

    /// <summary>The run's clock.</summary>
    public long NowNs => _engines[0].NowNs;

    /// <summary>Opens them. An interface that was never there is a typing error; one that goes away later is this host's fault.</summary>
    /// <param name="request">What was asked for.</param>
    /// <param name="tunnelled">The targets behind tunnels.</param>
    /// <param name="useful">So many threads would have something to do.</param>
    /// <exception cref="Core.Linux.LinuxException">An option is not allowed to this process, or there is no such interface.</exception>
    public static CheckEngines Open(CheckRequest request, IReadOnlyCollection<CheckTarget> tunnelled, int useful)
    {
        if (request.Probing.Interface is { } name)
        {
            HostRoutes.RequireInterface(name);
        }

        var engines = new CheckEngines();
        if (request.Engine == CheckEngineKind.Sockets && request.Kind is not (CheckKind.Syn or CheckKind.Connect))
        {
            engines._engines.Add(new ExchangeEngine(new(request.Probing) { InFlight = request.Pace.InFlight }, request.Kind));
            return engines;
        }

        if (request.Engine == CheckEngineKind.Raw)
        {
            RawEngine.RequireTunnels(RawOptions(request, tunnelled, inFlight: 1));
        }

        var count = Math.Clamp(useful, 1, Environment.ProcessorCount);
        try
        {
            for (var i = 0; i < count; i++)
            {
                engines._engines.Add(OpenOne(request, tunnelled, Math.Max(1, request.Pace.InFlight / count)));
            }
        }
        catch
        {
            engines.Dispose();
            throw;
        }

        return engines;
    }

    private static ICheckEngine OpenOne(CheckRequest request, IReadOnlyCollection<CheckTarget> tunnelled, int inFlight) =>
        request.Engine == CheckEngineKind.Raw
            ? RawEngine.Open(RawOptions(request, tunnelled, inFlight))
            : new SocketEngine(new(request.Probing) { InFlight = inFlight });

    private static RawEngineOptions RawOptions(CheckRequest request, IReadOnlyCollection<CheckTarget> tunnelled, int inFlight) =>
        new(request.Probing)
        {
            InFlight = inFlight,
            Transport = request.Kind == CheckKind.Udp ? ProbeProtocol.Udp : ProbeProtocol.Tcp,
            Tunnelled = tunnelled,
            Plain = request.Targets.Any(target => target.At is not { Via.IsEmpty: false }),
            TransmitStamps = request.Pace.MaxPerSecond <= MostStamped,
        };

    /// <summary>All of them together, with the targets that are known so far.</summary>
    /// <param name="targets">What to check.</param>
    /// <param name="pace">How fast.</param>
    /// <param name="more">More targets come while it runs.</param>
    public CheckLoops Loops(TargetTable targets, CheckPace pace, bool more) => new(_engines, targets, pace, Random.Shared.Next(), more);

    /// <inheritdoc/>
    public void Dispose() => _engines.ForEach(engine => engine.Dispose());
}
