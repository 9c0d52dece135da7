using System.Security.Cryptography;
using Probe.Cli.Frame;
using Probe.Core.Capture;
using Probe.Core.Evidence;
using Probe.Core.Health;

namespace Probe.Cli.Check;

/// <summary>The capture of a run's own packets: what goes to the targets' addresses and comes from them, and ICMP.</summary>
internal sealed class CheckCapture : IDisposable
{
    // The kernel's filter takes 4,096 instructions (BPF_MAXINSNS), and an address up to 18 of them.
    private const int MostAddresses = 200;

    private readonly string _file;
    private readonly CaptureRecorder _recorder;

    private CheckCapture(string file, CaptureRecorder recorder) => (_file, _recorder) = (file, recorder);

    /// <summary>Begins to capture; null for no file.</summary>
    /// <exception cref="UserError">The file cannot be written, or the targets are too many.</exception>
    /// <exception cref="Core.Linux.LinuxException">No CAP_NET_RAW.</exception>
    public static CheckCapture? Open(string? file, IEnumerable<CheckTarget> targets)
    {
        if (file is null)
        {
            return null;
        }

        var addresses = targets.SelectMany(target => new[] { target.Address, target.SentTo }).ToHashSet();
        if (addresses.Count > MostAddresses)
        {
            throw UserError.Usage($"--pcap is for up to {MostAddresses} addresses, here are {addresses.Count}: check fewer, or capture with tcpdump");
        }

        try
        {
            var writer = PcapngWriter.Create(file, "probe");
            try
            {
                // A router's ICMP error has no target's address, so ICMP is taken whoever it is about.
                return new CheckCapture(file, new CaptureRecorder(new PacketCapture(new CaptureFilter { Addresses = [.. addresses], Icmp = true }), writer, (in _) => ""));
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

    /// <summary>Writes what has come.</summary>
    public void Drain() => _recorder.Drain();

    /// <summary>Writes what is left and closes the file.</summary>
    public CaptureFile Finish(List<Gap> gaps)
    {
        gaps.AddRange(RunGaps.Of(captureLost: _recorder.Stop().Lost));
        using var stream = File.OpenRead(_file);
        return new CaptureFile(_file, Convert.ToHexStringLower(SHA256.HashData(stream)));
    }

    /// <inheritdoc/>
    public void Dispose() => _recorder.Dispose();
}
