using System.Security.Cryptography;
using Probe.Cli.Parsing;
using Probe.Core.Capture;
using Probe.Core.Evidence;
using Probe.Core.Packets;
using Probe.Core.Wire;

namespace Probe.Cli.Frame;

/// <summary>
/// The capture of a run's own packets (<c>--pcap</c>): one file for the whole run, each packet with the number of its probe as comment.
/// </summary>
internal sealed class RunCapture : IDisposable
{
    // The kernel's filter takes 4,096 instructions (BPF_MAXINSNS), and an address up to 18 of them.
    private const int MostAddresses = 200;

    // A user's filter takes up to half of the program.
    private const int MostAddressesBesideFilter = 100;

    private readonly string _file;
    private readonly FilterText? _filter;
    private readonly HashSet<IpAddress> _addresses = [];
    private CaptureRecorder? _recorder;
    private PacketComment _comment = Nobody;
    private bool _takesAll;

    /// <param name="request">What the user wants; an existing file is replaced.</param>
    public RunCapture(CaptureRequest request) => (_file, _filter) = (request.File, request.Filter);

    /// <summary>Packets that this process was too late for; they are missing in the file. Known once it is finished.</summary>
    public long Lost { get; private set; }

    /// <summary>Captures packets of these addresses besides those before, and names all by this from now on.</summary>
    /// <param name="addresses">Only packets of these are looked at, and ICMP, as a router's error has no target's address; none for all
    /// packets.</param>
    /// <param name="comment">Names the probe that a packet belongs to; null leaves the packet out.</param>
    /// <exception cref="UserError">The file cannot be written.</exception>
    /// <exception cref="Core.Linux.LinuxException">No CAP_NET_RAW.</exception>
    public void Record(IReadOnlyCollection<IpAddress> addresses, PacketComment comment)
    {
        _comment = comment;
        var known = _recorder is null ? -1 : _addresses.Count;
        _addresses.UnionWith(addresses);
        if (known == _addresses.Count || (_takesAll && _recorder is not null))
        {
            return;
        }

        // Beyond that all packets are looked at here, and those of nobody's are left out.
        _takesAll = addresses.Count == 0 || _addresses.Count > (_filter is null ? MostAddresses : MostAddressesBesideFilter);
        var filter = new CaptureFilter { Addresses = _takesAll ? [] : [.. _addresses], Icmp = true, Text = _filter };
        if (_recorder is { } open)
        {
            open.Take(filter);
        }
        else
        {
            _recorder = Open(filter);
        }
    }

    /// <summary>Names packets as a wire of whole packets knows them; what is nobody's is left out.</summary>
    public static string? NameBy(PacketWire wire, in CapturedPacket packet) =>
        !wire.TryIdentify(packet.Octets, out var number, out var role) ? null : role switch
    {
        PacketRole.Probe => $"probe {number}",
        PacketRole.Answer => $"answer to probe {number}",
        _ => $"reset by this host after probe {number}",
    };

    /// <summary>Writes what has come; to be called from the loop that sends.</summary>
    public void Drain() => _recorder?.Drain();

    /// <summary>
    /// Waits a moment for what is still on its way through the kernel, before the wire that can name it goes; then no packet is anybody's.
    /// </summary>
    public void EndRecording()
    {
        _recorder?.Settle();
        _comment = Nobody;
    }

    /// <summary>Writes what is left and closes the file; null when nothing was captured.</summary>
    public CaptureFile? Finish()
    {
        if (_recorder is not { } recorder)
        {
            return null;
        }

        Lost = recorder.Stop().Lost;
        using var stream = File.OpenRead(_file);
        return new CaptureFile(_file, Convert.ToHexStringLower(SHA256.HashData(stream)));
    }

    /// <inheritdoc/>
    public void Dispose() => _recorder?.Dispose();

    private static string? Nobody(in CapturedPacket packet) => null;

    private CaptureRecorder Open(CaptureFilter filter)
    {
        try
        {
            var writer = PcapngWriter.Create(_file, "probe");
            try
            {
                return new CaptureRecorder(new PacketCapture(filter), writer, (in packet) => _comment(packet));
            }
            catch
            {
                writer.Dispose();
                throw;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw UserError.CannotRun($"cannot write {_file}: {e.Message}");
        }
    }
}
