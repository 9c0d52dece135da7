using System.Security.Cryptography;
using Probe.Core.Capture;
using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Core.Wire;

namespace Probe.Cli.Frame;

/// <summary>The capture of a run's own packets (<c>--pcap</c>): one file for the whole run, each packet with the number of its probe as comment.</summary>
internal sealed class RunCapture : IDisposable
{
    // The kernel's filter takes 4,096 instructions (BPF_MAXINSNS), and an address up to 18 of them.
    private const int MostAddresses = 200;

    private readonly string _file;
    private readonly CaptureRecorder _recorder;

    private RunCapture(string file, CaptureRecorder recorder) => (_file, _recorder) = (file, recorder);

    /// <summary>Packets that this process was too late for; they are missing in the file. Known once it is finished.</summary>
    public long Lost { get; private set; }

    /// <summary>Begins to capture into a file, which is replaced; null for no file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="addresses">Only packets of these are looked at, and ICMP, as a router's error has no target's address; none for all packets.</param>
    /// <param name="comment">Names the probe that a packet belongs to; null leaves the packet out.</param>
    /// <exception cref="UserError">The file cannot be written, or the addresses are too many.</exception>
    /// <exception cref="Core.Linux.LinuxException">No CAP_NET_RAW.</exception>
    public static RunCapture? Open(string? file, IReadOnlyCollection<IpAddress> addresses, PacketComment comment)
    {
        if (file is null)
        {
            return null;
        }

        if (addresses.Count > MostAddresses)
        {
            throw UserError.Usage($"--pcap is for up to {MostAddresses} addresses, here are {addresses.Count}: check fewer, or capture with tcpdump");
        }

        try
        {
            var writer = PcapngWriter.Create(file, "probe");
            try
            {
                return new RunCapture(file, new CaptureRecorder(new PacketCapture(new CaptureFilter { Addresses = [.. addresses], Icmp = true }), writer, comment));
            }
            catch
            {
                writer.Dispose();
                throw;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw UserError.CannotRun($"cannot write {file}: {e.Message}");
        }
    }

    /// <summary>Names packets as a wire of whole packets knows them; what is nobody's is left out.</summary>
    public static string? NameBy(PacketWire wire, in CapturedPacket packet) => !wire.TryIdentify(packet.Octets, out var number, out var role) ? null : role switch
    {
        PacketRole.Probe => $"probe {number}",
        PacketRole.Answer => $"answer to probe {number}",
        _ => $"reset by this host after probe {number}",
    };

    /// <summary>Writes what has come; to be called from the loop that sends.</summary>
    public void Drain() => _recorder.Drain();

    /// <summary>Waits a moment for what is still on its way through the kernel, as before the wire that can name it goes.</summary>
    public void Settle() => _recorder.Settle();

    /// <summary>Writes what is left and closes the file.</summary>
    public CaptureFile Finish()
    {
        Lost = _recorder.Stop().Lost;
        using var stream = File.OpenRead(_file);
        return new CaptureFile(_file, Convert.ToHexStringLower(SHA256.HashData(stream)));
    }

    /// <inheritdoc/>
    public void Dispose() => _recorder.Dispose();
}
