namespace Probe.Core.Capture;

/// <summary>A capture file cannot be read, or not beyond the packets that were handed out. The message is one line without the file's name.</summary>
public sealed class CaptureFileException : Exception
{
    /// <summary>For a reason.</summary>
    public CaptureFileException(string message)
        : base(message)
    {
    }

    /// <summary>For a reason that something else gave.</summary>
    public CaptureFileException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
