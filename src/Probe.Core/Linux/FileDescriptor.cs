using Microsoft.Win32.SafeHandles;

namespace Probe.Core.Linux;

/// <summary>Owns a file descriptor and closes it once.</summary>
internal sealed class FileDescriptor : SafeHandleMinusOneIsInvalid
{
    public FileDescriptor()
        : base(ownsHandle: true)
    {
    }

    public FileDescriptor(int number)
        : base(ownsHandle: true) => SetHandle(number);

    /// <summary>The bare number, for poll sets and messages; valid while this object lives.</summary>
    public int Number => (int)handle;

    // close(2) releases the number even when it reports EINTR or EIO, so it is never tried again.
    protected override bool ReleaseHandle() => LibC.close((int)handle) == 0;
}
