using System.Runtime.InteropServices;

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
public sealed partial class StandardStream : Stream
{
    private const int EINTR = 4;
    private const int EIO = 5;
    private const int EBADF = 9;
    private const int EAGAIN = 11;
    private const int EPIPE = 32;
    private const int F_GETFD = 1;
    private const int FD_CLOEXEC = 1;
    private const short POLLOUT = 4;
    private const nuint TIOCGWINSZ = 0x5413;

    private readonly int _fd;

    private StandardStream(int fd)
    {
        _fd = fd;

        // A descriptor that was closed at the start gets reused by the runtime's own files, which all carry close-on-exec;
        // one that came through execve never does.
        var flags = fcntl(fd, F_GETFD);
        IsOpen = flags >= 0 && (flags & FD_CLOEXEC) == 0;
        IsTerminal = IsOpen && isatty(fd) == 1;
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
    public int? Columns
    {
        get
        {
            WindowSize size = default;
            return IsTerminal && ioctl(_fd, TIOCGWINSZ, ref size) == 0 && size.Columns > 0 ? size.Columns : null;
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
                var written = write(_fd, start + done, (nuint)(buffer.Length - done));
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

    private void Recover(int errno)
    {
        switch (errno)
        {
            case EINTR:
                break;

            // Somebody who shares the terminal or pipe made it non-blocking.
            case EAGAIN:
                var wait = new PollDescriptor { Fd = _fd, Events = POLLOUT };
                _ = poll(ref wait, 1, -1);
                break;

            // A terminal that was hung up says EIO.
            case EPIPE:
            case EIO when IsTerminal:
                throw new OutputClosedException();
            case EBADF:
                throw new IOException("it is not open for writing");
            default:
                throw new IOException(Marshal.GetPInvokeErrorMessage(errno));
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint write(int fd, byte* buffer, nuint count);

    [LibraryImport("libc")]
    private static partial int fcntl(int fd, int command);

    [LibraryImport("libc")]
    private static partial int isatty(int fd);

    [LibraryImport("libc")]
    private static partial int poll(ref PollDescriptor descriptors, nuint count, int timeoutMs);

    [LibraryImport("libc")]
    private static partial int ioctl(int fd, nuint request, ref WindowSize size);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollDescriptor
    {
        public int Fd;
        public short Events;
        public short Received;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct WindowSize
    {
        public ushort Rows;
        public ushort Columns;
        public ushort Width;
        public ushort Height;
    }
}
