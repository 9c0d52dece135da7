using Probe.Core.Linux.Sockets;
using Probe.Core.Linux;
using Probe.Core.Vocabulary;

namespace Probe.Core.Health;

/// <summary>
/// Checks by an exchange of messages: connect, TLS, HTTP, send and expect, UDP, echo. Each is a task of the framework's sockets; meant for
/// hundreds a second, where <see cref="SocketEngine"/> is meant for tens of thousands. Each answer has the target's whole timeout.
/// </summary>
public sealed class ExchangeEngine : ICheckEngine
{
    private readonly CheckEngineOptions _options;
    private readonly OutcomeHandover _over;
    private readonly CancellationTokenSource _stop = new();
    private List<CheckOutcome> _taken = [];
    private List<int> _none = [];
    private int _inFlight;
    private Exception? _broken;

    /// <summary>Tries once what every check needs, so that a missing permission is not taken for a target's fault.</summary>
    /// <param name="options">How it sends.</param>
    /// <param name="kinds">What it will be asked for.</param>
    /// <exception cref="LinuxException">An option is not allowed to this process.</exception>
    public ExchangeEngine(CheckEngineOptions options, params IEnumerable<CheckKind> kinds)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _ = new TcpProbeOptions(halfOpen: false, options.Source, options.Interface, options.Mark ?? 0, options.TrafficClass);
        if (kinds.Contains(CheckKind.Icmp))
        {
            EchoSocket.Try();
        }

        _over = new OutcomeHandover(int.MaxValue);
    }

    /// <inheritdoc/>
    public long NowNs => Clock.Monotonic;

    /// <inheritdoc/>
    public bool Carries(CheckKind kind, bool tunnelled) => !tunnelled && kind is CheckKind.Connect or CheckKind.Tls or CheckKind.Http
        or CheckKind.SendExpect or CheckKind.Icmp or CheckKind.Udp;

    /// <inheritdoc/>
    public int InFlight => _inFlight;

    /// <inheritdoc/>
    public int Capacity => _options.InFlight;

    /// <inheritdoc/>
    public bool TryStart(CheckTarget target, int attempt)
    {
        ArgumentNullException.ThrowIfNull(target);
        if (_inFlight >= Capacity)
        {
            return false;
        }

        _inFlight++;
        _ = Carry(new Exchange(target, attempt, _options));
        return true;
    }

    /// <inheritdoc/>
    public void Poll(long untilNs, ICheckSink sink)
    {
        ArgumentNullException.ThrowIfNull(sink);
        var wait = Math.Max(0, untilNs - NowNs);
        if (_broken is { } broken)
        {
            throw new InvalidOperationException("a check ended without an outcome", broken);
        }

        _over.Take(ref _taken, ref _none, TimeSpan.FromMilliseconds(Math.Min(wait / 1e6, int.MaxValue)));
        foreach (var outcome in _taken)
        {
            _inFlight--;
            sink.Done(outcome);
        }

        _taken.Clear();
    }

    /// <inheritdoc/>
    public void Wake() => _over.Wake();

    /// <summary>Gives up what is in flight.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
    }

    private async Task Carry(Exchange exchange)
    {
        try
        {
            if (await exchange.Run(_stop.Token).ConfigureAwait(false) is { } outcome)
            {
                _over.Done(outcome);
            }
        }
        catch (Exception e)
        {
            // Poll throws it: a check that never ends would hang the run.
            _broken = e;
            _over.Wake();
        }
    }
}
