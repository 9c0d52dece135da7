using System.Runtime.InteropServices;
using static Probe.Core.Linux.FileConstants;
using static Probe.Core.Linux.TerminalConstants;
using static Probe.Core.Linux.WaitConstants;

namespace Probe.Core.Linux.Files;

/// <summary>Nobody reads standard output any more (EPIPE): the run ends quietly.</summary>
public sealed class OutputClosedException : IOException
{
    /// <inheritdoc/>
    public OutputClosedException()
        : base("nobody reads the output")
    {
    }

    /// <inheritdoc/>
    public OutputClosedException(string message)
        : base(message)
    {
    }

    /// <inheritdoc/>
    public OutputClosedException(string message, Exception inner)
        : base(message, inner)
    {
    }

    /// <inheritdoc/>
    public OutputClosedException(string message, int hresult)
        : base(message, hresult)
    {
    }
}

/// <summary>
/// Standard output or standard error, straight over write(2). The framework's console swallows EPIPE, so that a program whose reader
/// has gone would run for ever, and it ends with an unhandled exception when the descriptor was closed from the start.
/// Unbuffered; write(2) may take a part, so every call writes all or throws.
/// </summary>
public sealed class StandardStream : Stream
{
    private readonly int _fd;

    /// <summary>A descriptor that this process was given; one of its own has close-on-exec and counts as closed.</summary>
    internal StandardStream(int fd)
    {
        _fd = fd;

        // A descriptor that was closed at the start gets reused by the runtime's own files, which all carry close-on-exec;
        // one that came through execve never does.
        var flags = LibC.fcntl(fd, F_GETFD, 0);
        IsOpen = flags >= 0 && (flags & FD_CLOEXEC) == 0;
        IsTerminal = IsOpen && LibC.isatty(fd) == 1;
    }

    /// <summary>Standard output.</summary>
    public static StandardStream ForResults() => new(1);

    /// <summary>Standard error.</summary>
    public static StandardStream ForMessages() => new(2);

    /// <summary>False when the parent closed the descriptor.</summary>
    public bool IsOpen { get; }

    /// <summary>True when it is a terminal.</summary>
    public bool IsTerminal { get; }

    /// <summary>Columns of the terminal; null when it is none or does not tell.</summary>
    public unsafe int? Columns
    {
        get
        {
            winsize size;
            return IsTerminal && LibC.ioctl(_fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : null;
        }
    }

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Writes all of it.</summary>
    /// <exception cref="OutputClosedException">The reader has gone.</exception>
    /// <exception cref="IOException">The descriptor is closed, or the device is full.</exception>
    public override unsafe void Write(ReadOnlySpan<byte> buffer)
    {
        if (!IsOpen)
        {
            throw new IOException("it is closed");
        }

        fixed (byte* start = buffer)
        {
            for (var done = 0; done < buffer.Length;)
            {
                var written = LibC.write(_fd, start + done, (nuint)(buffer.Length - done));
                if (written >= 0)
                {
                    done += (int)written;
                    continue;
                }

                Recover(Marshal.GetLastPInvokeError());
            }
        }
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <summary>Does nothing: every write is a system call.</summary>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    private unsafe void Recover(int errno)
    {
        switch (errno)
        {
            case Errno.EINTR:
                break;

            // Somebody who shares the terminal or pipe made it non-blocking.
            case Errno.EAGAIN:
                var wait = new pollfd { fd = _fd, events = POLLOUT };
                _ = LibC.ppoll(&wait, 1, null, null);
                break;

            // A terminal that was hung up says EIO.
            case Errno.EPIPE:
            case Errno.EIO when IsTerminal:
                throw new OutputClosedException();
            case Errno.EBADF:
                throw new IOException("it is not open for writing");
            default:
                throw new IOException(Marshal.GetPInvokeErrorMessage(errno));
        }
    }
}
