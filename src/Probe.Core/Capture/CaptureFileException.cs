namespace Probe.Core.Capture;

/// <summary>A capture file cannot be read, or not beyond the packets that were handed out. The message is one line without the file's name.</summary>
public sealed class CaptureFileException(string reason, Exception? cause = null) : Exception(reason, cause);
