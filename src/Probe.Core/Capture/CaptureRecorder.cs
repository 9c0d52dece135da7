using Probe.Core.Linux;

namespace Probe.Core.Capture;

/// <summary>What a reader shows beside a packet; null leaves the packet out of the file.</summary>
public delegate string? PacketComment(in CapturedPacket packet);

/// <summary>Writes what a capture sees to a pcapng file. The loop that probes also drains it: no thread of its own, no lock.</summary>
public sealed class CaptureRecorder : ICaptureSink, IDisposable
{
    // What was sent just before the end is still on its way through the kernel.
    private const long LingerNs = 20_000_000;

    private readonly PacketCapture _capture;
    private readonly PcapngWriter _writer;
    private readonly PacketComment _comment;
    private readonly Dictionary<int, int> _numbers = [];

    private bool IsRaw => _capture.LinkType == LinkType.RawIp;

    /// <summary>Begins to record; takes over the capture and the writer.</summary>
    /// <param name="capture">The capture.</param>
    /// <param name="writer">The file.</param>
    /// <param name="comment">Names the probe that a packet belongs to.</param>
    public CaptureRecorder(PacketCapture capture, PcapngWriter writer, PacketComment comment)
    {
        _capture = capture;
        _writer = writer;
        _comment = comment;
    }

    /// <summary>Writes what has come since the last call, without waiting.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Drain() => _capture.Read(0, this);

    /// <summary>Takes other packets from now on.</summary>
    /// <exception cref="LinuxException">The kernel refuses the filter.</exception>
    public void Take(CaptureFilter filter) => _capture.Take(filter);

    /// <summary>Writes what is left, closes the file and says what was seen and lost.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public CaptureCounts Stop()
    {
        Settle();
        _writer.Dispose();
        return _capture.ReadCounts();
    }

    /// <summary>Writes what comes within a moment: what was sent last is still on its way through the kernel.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Settle()
    {
        var end = Clock.Monotonic + LingerNs;
        for (var left = LingerNs; left > 0; left = end - Clock.Monotonic)
        {
            _capture.Read(left, this);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _writer.Dispose();
        _capture.Dispose();
    }

    void ICaptureSink.Captured(in CapturedPacket packet)
    {
        if (_comment(packet) is not { } comment)
        {
            return;
        }

        if (!_numbers.TryGetValue(packet.InterfaceIndex, out var number))
        {
            // libpcap refuses a second interface of raw IP: it compares the file's number for it (101) with its own (12).
            number = _writer.AddInterface(_capture.InterfaceName(packet.InterfaceIndex), IsRaw ? LinkType.LinuxCooked : _capture.LinkType);
            _numbers.Add(packet.InterfaceIndex, number);
        }

        if (IsRaw)
        {
            _writer.WriteCooked(number, packet.UnixNs, packet.Outgoing, packet.Octets, packet.Length, comment);
        }
        else
        {
            _writer.Write(number, packet.UnixNs, packet.Octets, packet.Length, comment);
        }
    }
}
