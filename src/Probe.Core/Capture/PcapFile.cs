using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Probe.Core.Linux;
using SharpPcap;
using SharpPcap.LibPcap;

namespace Probe.Core.Capture;

/// <summary>Reads classic capture files by libpcap, in every variant that it knows.</summary>
internal sealed unsafe class PcapFile : IPacketFile
{
    /// <summary>What libpcap calls <see cref="LinkType.RawIp"/> outside of files (DLT_RAW on Linux).</summary>
    public const int RawIp = 12;

    private const int EndOfFile = -2;

    private readonly FileStream _file;
    private readonly CaptureFileReaderDevice _reader;
    private readonly LinkType _linkType;

    /// <summary>Takes over a file that can be opened a second time.</summary>
    /// <exception cref="CaptureFileException">libpcap does not know what it is.</exception>
    public PcapFile(FileStream file)
    {
        _file = file;
        _reader = new CaptureFileReaderDevice($"/proc/self/fd/{file.SafeFileHandle.DangerousGetHandle()}");
        try
        {
            _reader.Open(new DeviceConfiguration { TimestampResolution = TimestampResolution.Nanosecond });
        }
        catch (PcapException e)
        {
            _reader.Dispose();
            throw new CaptureFileException(e.Message.Replace("Unable to open offline adapter: ", "", StringComparison.Ordinal), e);
        }

        var linkType = (int)_reader.LinkType;
        _linkType = linkType == RawIp ? LinkType.RawIp : (LinkType)linkType;
    }

    /// <summary>Opens one, where libpcap is installed.</summary>
    /// <exception cref="CaptureFileException">It is not, or does not know what the file is.</exception>
    public static IPacketFile Open(FileStream file) =>
        LibPcap.IsInstalled ? OpenInstalled(file) : throw new CaptureFileException(LibPcap.Missing);

    /// <inheritdoc/>
    public bool TryRead(out RawFilePacket packet)
    {
        nint header = 0;
        nint octets = 0;
        var status = _reader.GetNextPacketPointers(ref header, ref octets);
        if (status != 1)
        {
            packet = default;
            return status == EndOfFile ? false : throw new CaptureFileException(_reader.LastError);
        }

        ref readonly var told = ref *(PacketHeader*)header;
        packet = new RawFilePacket
        {
            LinkType = _linkType,
            Octets = new ReadOnlySpan<byte>((void*)octets, (int)told.Kept),
            Length = told.Length,
            UnixNs = told.Seconds * 1_000_000_000 + told.Nanoseconds,
        };
        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _reader.Dispose();
        _file.Dispose();
    }

    // Apart, so that the package is loaded only when it is needed.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static PcapFile OpenInstalled(FileStream file) => new(file);

    /// <summary>struct pcap_pkthdr (pcap/pcap.h).</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct PacketHeader
    {
        public readonly long Seconds;
        public readonly long Nanoseconds;
        public readonly uint Kept;
        public readonly uint Length;
    }
}
