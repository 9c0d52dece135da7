using System.Runtime.InteropServices;
using Probe.Core.Linux.Terminal;

namespace Probe.Cli.Live;

/// <summary>
/// The signals of a full-screen program. Ctrl-C and SIGTERM are the process's and end the run in order; what ends the process without the
/// run's say (SIGHUP, SIGQUIT, a second Ctrl-C, an unhandled exception) gives the screen back first.
/// </summary>
internal sealed class LiveSignals : IDisposable
{
    private readonly LiveScreen _screen;
    private readonly Action _wake;
    private readonly PosixSignalRegistration[] _registrations;
    private int _resized;
    private int _stop;
    private int _continued;

    /// <param name="screen">Given back when the process dies.</param>
    /// <param name="wake">Called when one of the properties became true.</param>
    public LiveSignals(LiveScreen screen, Action wake)
    {
        _screen = screen;
        _wake = wake;
        _registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => Note(ref _resized)),
            PosixSignalRegistration.Create(PosixSignal.SIGTSTP, Stop),
            PosixSignalRegistration.Create(PosixSignal.SIGCONT, Continue),
            PosixSignalRegistration.Create(PosixSignal.SIGHUP, _ => screen.Dispose()),
            PosixSignalRegistration.Create(PosixSignal.SIGQUIT, _ => screen.Dispose()),
        ];
        AppDomain.CurrentDomain.ProcessExit += Leave;
        AppDomain.CurrentDomain.UnhandledException += Leave;
    }

    /// <summary>The window has another size; asking clears it.</summary>
    public bool TakeResized() => Interlocked.Exchange(ref _resized, 0) == 1;

    /// <summary>The user pressed Ctrl-Z; asking clears it.</summary>
    public bool TakeStop() => Interlocked.Exchange(ref _stop, 0) == 1;

    /// <summary>The process was continued; asking clears it.</summary>
    public bool TakeContinued() => Interlocked.Exchange(ref _continued, 0) == 1;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }

        AppDomain.CurrentDomain.ProcessExit -= Leave;
        AppDomain.CurrentDomain.UnhandledException -= Leave;
    }

    private void Stop(PosixSignalContext signal)
    {
        signal.Cancel = true;

        // As the kernel does by default: a process that nobody could continue is not stopped.
        if (FullScreenTerminal.CanBeContinued)
        {
            Note(ref _stop);
        }
    }

    private void Continue(PosixSignalContext signal)
    {
        // Or the runtime puts back the terminal settings of its own start, after ours (seen with .NET 10.0).
        signal.Cancel = true;
        Note(ref _continued);
    }

    private void Note(ref int flag)
    {
        Interlocked.Exchange(ref flag, 1);
        _wake();
    }

    private void Leave(object? sender, EventArgs e) => _screen.Dispose();
}
