using Probe.Core.Linux.Sockets;
using Probe.Core.Linux;
using Probe.Core.Vocabulary;

namespace Probe.Core.Health;

/// <summary>
/// Checks that talk: connect, TLS, HTTP, send and expect, UDP, echo. Each is a task of the framework's sockets; meant for hundreds a second, where
/// <see cref="SocketEngine"/> is meant for tens of thousands. Each answer has the target's whole timeout.
/// </summary>
public sealed class DialogueEngine : ICheckEngine
{
    private readonly DialogueOptions _options;
    private readonly OutcomeHandover _over;
    private readonly CancellationTokenSource _stop = new();
    private List<CheckOutcome> _taken = [];
    private int _inFlight;
    private Exception? _broken;

    /// <summary>Tries once what every check needs, so that a missing permission is not taken for a target's fault.</summary>
    /// <param name="options">What is said and expected.</param>
    /// <exception cref="LinuxException">An option is not allowed to this process.</exception>
    public DialogueEngine(DialogueOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _ = new TcpProbeOptions(halfOpen: false, options.Source, options.Interface, options.Mark, options.TrafficClass);
        if (options.Kind == CheckKind.Icmp)
        {
            EchoSocket.Try();
        }

        _over = new OutcomeHandover(int.MaxValue);
    }

    /// <inheritdoc/>
    public long NowNs => Clock.Monotonic;

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
        _ = Carry(new Dialogue(target, attempt, _options));
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

        _taken = _over.Take(_taken, TimeSpan.FromMilliseconds(Math.Min(wait / 1e6, int.MaxValue)));
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

    private async Task Carry(Dialogue dialogue)
    {
        try
        {
            if (await dialogue.Hold(_stop.Token).ConfigureAwait(false) is { } outcome)
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
