using Probe.Core.Linux;

namespace Probe.Core.Capture;

/// <summary>What a reader shows beside a packet; empty for nothing. Called on the recorder's thread.</summary>
public delegate ReadOnlySpan<char> PacketComment(in CapturedPacket packet);

/// <summary>Writes what a capture sees to a pcapng file, on a thread of its own, until it is disposed of.</summary>
public sealed class CaptureRecorder : IDisposable
{
    // What was sent just before the end is still on its way through the kernel.
    private const long LingerNs = 20_000_000;

    private readonly PacketCapture _capture;
    private readonly Recording _recording;
    private readonly Thread _thread;
    private volatile bool _stop;
    private Exception? _failure;

    /// <summary>Begins to record; takes over the capture and the writer.</summary>
    /// <param name="capture">The capture.</param>
    /// <param name="writer">The file.</param>
    /// <param name="comment">Names the probe that a packet belongs to.</param>
    public CaptureRecorder(PacketCapture capture, PcapngWriter writer, PacketComment comment)
    {
        _capture = capture;
        _recording = new Recording(capture, writer, comment);
        _thread = new Thread(Run) { IsBackground = true, Name = "capture" };
        _thread.Start();
    }

    /// <summary>Ends the recording, writes what is left, closes the file and says what was seen and lost.</summary>
    /// <exception cref="IOException">The file could not be written, when that was; the packets since then are missing.</exception>
    public CaptureCounts Stop()
    {
        if (!_stop)
        {
            _stop = true;
            _capture.Wake();
            _thread.Join();
        }

        if (_failure is not null)
        {
            throw new IOException($"the capture ended early: {_failure.Message}", _failure);
        }

        return _capture.ReadCounts();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop = true;
        if (_thread.IsAlive)
        {
            _capture.Wake();
            _thread.Join();
        }

        _recording.Dispose();
        _capture.Dispose();
    }

    private void Run()
    {
        try
        {
            while (!_stop)
            {
                _capture.Read(long.MaxValue, _recording);
            }

            for (var until = Clock.Monotonic + LingerNs; Clock.Monotonic < until;)
            {
                _capture.Read(until - Clock.Monotonic > 0 ? until - Clock.Monotonic : 0, _recording);
            }

            _recording.Dispose();
        }
        catch (Exception exception) when (exception is IOException or LinuxException or UnauthorizedAccessException)
        {
            // Told by Stop: a full disk ends the capture, not the probing.
            _failure = exception;
        }
    }

    private sealed class Recording(PacketCapture capture, PcapngWriter writer, PacketComment comment) : ICaptureSink, IDisposable
    {
        private readonly Dictionary<int, int> _numbers = [];

        public void Captured(in CapturedPacket packet)
        {
            if (!_numbers.TryGetValue(packet.InterfaceIndex, out var number))
            {
                number = writer.AddInterface(capture.InterfaceName(packet.InterfaceIndex), capture.LinkType);
                _numbers.Add(packet.InterfaceIndex, number);
            }

            writer.Write(number, packet.UnixNs, packet.Octets, packet.Length, comment(packet));
        }

        public void Dispose() => writer.Dispose();
    }
}
