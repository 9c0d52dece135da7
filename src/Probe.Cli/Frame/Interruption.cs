using System.Runtime.InteropServices;

namespace Probe.Cli.Frame;

/// <summary>
/// Ctrl-C, SIGTERM and a terminal that goes away (SIGHUP): the first one asks the run to end and show what it gathered, the second ends the
/// process at once.
/// A signal that was ignored when the process started (nohup, a shell's background job) stays ignored.
/// </summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration _interrupt;
    private readonly PosixSignalRegistration _terminate;
    private readonly PosixSignalRegistration _hangUp;
    private int _status;

    public Interruption()
    {
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => Take(signal, ExitStatus.Interrupted));
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => Take(signal, ExitStatus.Terminated));
        _hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal => Take(signal, ExitStatus.HungUp));
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>129, 130 or 143 after a signal, else 0.</summary>
    public ExitStatus Status => (ExitStatus)Volatile.Read(ref _status);

    public void Dispose()
    {
        _interrupt.Dispose();
        _terminate.Dispose();
        _hangUp.Dispose();
        _source.Dispose();
    }

    private void Take(PosixSignalContext signal, ExitStatus status)
    {
        // Without this the runtime would end the process as soon as the handler returns.
        signal.Cancel = true;
        if (Interlocked.CompareExchange(ref _status, (int)status, 0) == 0)
        {
            _source.Cancel();
        }
        else
        {
            Environment.Exit(_status);
        }
    }
}
