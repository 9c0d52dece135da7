namespace Probe.Core.Capture;

/// <summary>A capture file cannot be read, or not beyond the packets handed out so far. The message is one line without its name.</summary>
public sealed class CaptureFileException(string reason, Exception? cause = null) : Exception(reason, cause);
