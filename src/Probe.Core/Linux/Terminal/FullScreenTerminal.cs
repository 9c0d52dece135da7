using System.Runtime.InteropServices;
using Probe.Core.Linux.Files;
using Probe.Core.Linux.Sockets;
using static Probe.Core.Linux.FileConstants;
using static Probe.Core.Linux.ProcessConstants;
using static Probe.Core.Linux.TerminalConstants;

namespace Probe.Core.Linux.Terminal;

/// <summary>Why a <see cref="FullScreenTerminal.Wait"/> ended.</summary>
public enum TerminalEvent
{
    /// <summary>The time is over, or a signal came.</summary>
    None,

    /// <summary>Keys were pressed.</summary>
    Keys,

    /// <summary><see cref="FullScreenTerminal.Wake"/> was called.</summary>
    Woken,

    /// <summary>The terminal is gone.</summary>
    HungUp,
}

/// <summary>
/// The terminal of standard input and output as a full-screen program needs it: keys one by one and without echo, the size, whole frames.
/// Ctrl-C and Ctrl-Z stay signals. <see cref="Restore"/> may be called from any thread, any number of times.
/// </summary>
public sealed unsafe class FullScreenTerminal : IDisposable
{
    private readonly StandardStream _output = StandardStream.ForResults();
    private readonly FileDescriptor _outputFd;
    private readonly FileDescriptor? _inputFd;
    private readonly Waiter _waiter;
    private readonly Lock _lock = new();
    private termios _before;
    private bool _changed;
    private bool _inputEnded;

    private FullScreenTerminal(FileDescriptor output, FileDescriptor? input)
    {
        _outputFd = output;
        _inputFd = input;
        _waiter = input is null ? new Waiter() : new Waiter(input);
    }

    /// <summary>False when standard input is no terminal: then there are no keys, but still a screen.</summary>
    public bool HasKeys => _inputFd is not null;

    /// <summary>
    /// False while another job owns the terminal: whoever draws or changes settings then spoils the user's shell. True where there
    /// is no job control.
    /// </summary>
    public bool IsForeground => LibC.tcgetpgrp(_outputFd) is var owner && (owner < 0 || owner == LibC.getpgrp());

    /// <summary>Rows and columns at this moment; 24 and 80 when the terminal does not tell.</summary>
    public (int Rows, int Columns) Size
    {
        get
        {
            winsize size;
            return LibC.ioctl(_outputFd, TIOCGWINSZ, &size) == 0 && size is { ws_row: > 0, ws_col: > 0 }
                ? (size.ws_row, size.ws_col) : (24, 80);
        }
    }

    /// <summary>
    /// Nobody would continue this process once it is stopped: its parent lives in another session, so that no shell watches it
    /// (setpgid(2), orphaned process groups).
    /// </summary>
    public static bool CanBeContinued => LibC.getsid(0) == LibC.getsid(LibC.getppid());

    /// <summary>The terminal of this process; null when standard output is none.</summary>
    public static FullScreenTerminal? Open()
    {
        if (Duplicate(1) is not { } output)
        {
            return null;
        }

        return new FullScreenTerminal(output, Duplicate(0));
    }

    /// <summary>Keys come one by one and without echo from now on.</summary>
    public void TakeKeys()
    {
        lock (_lock)
        {
            if (_inputFd is null || _changed)
            {
                return;
            }

            termios settings;
            if (LibC.tcgetattr(_inputFd, &settings) != 0)
            {
                throw new LinuxException(Marshal.GetLastPInvokeError(), "read the settings of the terminal");
            }

            _before = settings;
            settings.c_lflag &= ~(ICANON | ECHO);
            settings.c_cc[VMIN] = 1;
            settings.c_cc[VTIME] = 0;
            _changed = true;
            Set(TCSADRAIN, settings);
        }
    }

    /// <summary>The settings from before <see cref="TakeKeys"/>. Keys that nobody has read are dropped: no shell shall run them.</summary>
    public void Restore()
    {
        lock (_lock)
        {
            if (_changed && IsForeground)
            {
                Set(TCSAFLUSH, _before);
            }

            _changed = false;
        }
    }

    /// <summary>Stops this process as Ctrl-Z does, until somebody continues it.</summary>
    public static void StopProcess() => _ = LibC.kill(Environment.ProcessId, SIGSTOP);

    /// <summary>Waits for keys, for <see cref="Wake"/> or at most this many nanoseconds.</summary>
    public TerminalEvent Wait(long ns)
    {
        // A terminal that is gone stays readable for ever.
        if (_waiter.Wait(ns))
        {
            return TerminalEvent.Woken;
        }

        return _inputFd is null || !_waiter.IsReady(0) ? TerminalEvent.None : _inputEnded ? TerminalEvent.HungUp : TerminalEvent.Keys;
    }

    /// <summary>The keys that are there, as octets; 0 when the terminal is gone.</summary>
    public int ReadKeys(Span<byte> keys)
    {
        if (_inputFd is null)
        {
            return 0;
        }

        fixed (byte* at = keys)
        {
            var count = LibC.read(_inputFd, at, (nuint)keys.Length);
            _inputEnded = count == 0 || (count < 0 && Marshal.GetLastPInvokeError() is not (Errno.EINTR or Errno.EAGAIN));
            return (int)Math.Max(0, count);
        }
    }

    /// <summary>Writes all of it, in one call where the terminal takes it.</summary>
    /// <exception cref="OutputClosedException">The terminal is gone.</exception>
    public void Write(ReadOnlySpan<byte> frame) => _output.Write(frame);

    /// <summary>Ends a wait from another thread.</summary>
    public void Wake() => _waiter.Wake();

    /// <inheritdoc/>
    public void Dispose()
    {
        Restore();
        _waiter.Dispose();
        _inputFd?.Dispose();
        _outputFd.Dispose();
        _output.Dispose();
    }

    private void Set(int when, termios settings)
    {
        while (LibC.tcsetattr(_inputFd!, when, &settings) != 0)
        {
            // A terminal that is gone has no settings left to change.
            if (Marshal.GetLastPInvokeError() != Errno.EINTR)
            {
                return;
            }
        }
    }

    // A copy, because closing it must not close the standard one.
    private static FileDescriptor? Duplicate(int standard)
    {
        var copy = new FileDescriptor(LibC.fcntl(standard, F_DUPFD_CLOEXEC, 3));
        if (!copy.IsInvalid && LibC.isatty(copy) == 1)
        {
            return copy;
        }

        copy.Dispose();
        return null;
    }
}
