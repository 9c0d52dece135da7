using System.Security.Cryptography;
using Probe.Core.Capture;
using Probe.Core.Evidence;
using Probe.Core.Packets;

namespace Probe.Core.Wire;

/// <summary>The capture of a run's own packets: each probe, each answer and each reset of the kernel's, with the probe's number as comment.</summary>
public sealed class ProbeCapture : IDisposable
{
    private readonly string _file;
    private readonly PacketWire _wire;
    private readonly CaptureRecorder _recorder;

    private ProbeCapture(string file, PacketWire wire, IReadOnlyList<IpAddress> targets)
    {
        _file = file;
        _wire = wire;
        var writer = PcapngWriter.Create(file, "probe");
        try
        {
            _recorder = new CaptureRecorder(new PacketCapture(new CaptureFilter { Addresses = targets, Icmp = true }), writer, Comment);
        }
        catch
        {
            writer.Dispose();
            throw;
        }
    }

    /// <summary>Packets that this process was too late for; they are missing in the file.</summary>
    public long Lost { get; private set; }

    /// <summary>Begins to capture into a file, which is replaced.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="Linux.LinuxException">No CAP_NET_RAW.</exception>
    public static ProbeCapture Open(string file, PacketWire wire, IReadOnlyList<IpAddress> targets) => new(file, wire, targets);

    /// <summary>Writes what has come; to be called from the loop that owns the wire.</summary>
    public void Drain() => _recorder.Drain();

    /// <summary>Writes what is left and closes the file.</summary>
    public CaptureFile Finish()
    {
        Lost = _recorder.Stop().Lost;
        using var stream = File.OpenRead(_file);
        return new CaptureFile(_file, Convert.ToHexStringLower(SHA256.HashData(stream)));
    }

    /// <inheritdoc/>
    public void Dispose() => _recorder.Dispose();

    private string? Comment(in CapturedPacket packet) => !_wire.TryIdentify(packet.Octets, out var number, out var role) ? null : role switch
    {
        PacketRole.Probe => $"probe {number}",
        PacketRole.Answer => $"answer to probe {number}",
        _ => $"reset by this host after probe {number}",
    };
}
