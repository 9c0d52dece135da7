using System.Runtime.InteropServices;
using static Probe.Core.Linux.FileConstants;

namespace Probe.Core.Linux.Files;

/// <summary>open, read and write, for devices and kernel files where <see cref="FileStream"/> seeks or buffers.</summary>
internal static unsafe class FileCalls
{
    /// <summary>Opens a file; no child process inherits it.</summary>
    public static FileDescriptor Open(string path, int flags, string? hint = null)
    {
        var number = LibC.open(path, flags | O_CLOEXEC);
        return number >= 0 ? new FileDescriptor(number) : throw new LinuxException(Marshal.GetLastPInvokeError(), $"open {path}", hint);
    }

    /// <summary>Reads what is there; -1 when nothing waits.</summary>
    public static int TryRead(FileDescriptor file, Span<byte> buffer)
    {
        fixed (byte* at = buffer)
        {
            while (true)
            {
                var count = LibC.read(file, at, (nuint)buffer.Length);
                if (count >= 0)
                {
                    return (int)count;
                }

                var errno = Marshal.GetLastPInvokeError();
                if (errno == Errno.EAGAIN)
                {
                    return -1;
                }

                if (errno != Errno.EINTR)
                {
                    throw new LinuxException(errno, "read");
                }
            }
        }
    }

    /// <summary>Writes one unit (a packet, a counter); false when there is no room.</summary>
    public static bool TryWrite(FileDescriptor file, ReadOnlySpan<byte> data)
    {
        fixed (byte* at = data)
        {
            while (LibC.write(file, at, (nuint)data.Length) < 0)
            {
                var errno = Marshal.GetLastPInvokeError();
                if (errno is Errno.EAGAIN or Errno.ENOBUFS)
                {
                    return false;
                }

                if (errno != Errno.EINTR)
                {
                    throw new LinuxException(errno, "write");
                }
            }
        }

        return true;
    }
}
