using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;

namespace Probe.Core.Capture;

/// <summary>
/// Reads the IP packets of a capture file, whoever wrote it: pcapng by our own reader, all else by libpcap; either compressed with gzip.
/// Whatever the file holds, there is one kind of error, and nothing is read that is not there. Not thread-safe.
/// </summary>
public sealed class CaptureReader : IDisposable
{
    private const ushort GzipMagic = 0x1F8B;
    private const int LongestSniff = 4;

    private readonly IPacketFile _file;
    private readonly Dictionary<int, string> _names = [];

    private CaptureReader(IPacketFile file) => _file = file;

    /// <summary>Packets that were passed over: they carry no IP, or too little of them was kept to tell.</summary>
    public long NotIp { get; private set; }

    /// <summary>Opens a file.</summary>
    /// <exception cref="CaptureFileException">It cannot be opened, or is no capture.</exception>
    public static CaptureReader Open(string file)
    {
        ArgumentNullException.ThrowIfNull(file);
        try
        {
            return Open(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CaptureFileException(e.Message, e);
        }
    }

    /// <summary>
    /// Opens a capture of which the first octet comes next, such as standard input. What libpcap has to read goes through a temporary file.
    /// </summary>
    /// <param name="stream">The capture, taken over.</param>
    /// <exception cref="CaptureFileException">It cannot be read, or is no capture.</exception>
    public static CaptureReader Open(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var octets = new FileOctets(stream);
        try
        {
            var head = octets.Peek(LongestSniff);
            var isPlain = true;
            if (head.Length >= 2 && BinaryPrimitives.ReadUInt16BigEndian(head) == GzipMagic)
            {
                octets = new FileOctets(new GZipStream(new RestOf(octets), CompressionMode.Decompress));
                head = octets.Peek(LongestSniff);
                isPlain = false;
            }

            if (head.IsEmpty)
            {
                throw new CaptureFileException("the file is empty");
            }

            return new CaptureReader(head.Length == LongestSniff && BinaryPrimitives.ReadUInt32BigEndian(head) == PcapngCodes.SectionHeader
                ? new PcapngFile(octets) : PcapFile.Open(Reopenable(stream, octets, isPlain)));
        }
        catch
        {
            octets.Dispose();
            throw;
        }
    }

    /// <summary>Reads the next IP packet.</summary>
    /// <param name="packet">The packet.</param>
    /// <returns>False at the end of the file.</returns>
    /// <exception cref="CaptureFileException">The file is damaged or cut off here, or a packet's link layer is not known.</exception>
    public bool TryRead(out FilePacket packet)
    {
        while (_file.TryRead(out var raw))
        {
            if (!LinkHeader.IsKnown(raw.LinkType))
            {
                throw new CaptureFileException(string.Create(CultureInfo.InvariantCulture,
                    $"its packets have a link layer that cannot be read: number {(int)raw.LinkType} of tcpdump.org/linktypes.html"));
            }

            if (LinkHeader.TryRead(raw.LinkType, raw.Octets, out var header))
            {
                packet = Inside(raw, header);
                return true;
            }

            NotIp++;
        }

        packet = default;
        return false;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    /// <summary>The file itself where libpcap can open it once more and read it from the start; else a copy.</summary>
    private static FileStream Reopenable(Stream stream, FileOctets octets, bool isPlain)
    {
        if (isPlain && stream is FileStream { CanSeek: true } file)
        {
            return file;
        }

        FileStream? copy = null;
        try
        {
            copy = new FileStream(
                Path.GetTempFileName(), FileMode.Create, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0,
                FileOptions.DeleteOnClose);
            using (octets)
            {
                new RestOf(octets).CopyTo(copy);
            }

            return copy;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            copy?.Dispose();
            throw new CaptureFileException($"it cannot be copied for libpcap: {e.Message}", e);
        }
        catch
        {
            copy?.Dispose();
            throw;
        }
    }

    private FilePacket Inside(RawFilePacket raw, LinkHeader header)
    {
        var octets = raw.Octets[header.Length..];
        var length = (int)Math.Clamp(raw.Length - header.Length, octets.Length, int.MaxValue);

        // Small frames are padded and some carry a checksum behind. A length of 0 is that of a packet yet to be cut by the device.
        if (TotalLength(octets) is > 0 and var total && total < length)
        {
            length = total;
            octets = octets[..Math.Min(octets.Length, total)];
        }

        return new FilePacket
        {
            Octets = octets,
            Length = length,
            UnixNs = raw.UnixNs,
            Interface = header.InterfaceIndex == 0 ? raw.Interface : NameOf(header.InterfaceIndex),
            Comment = raw.Comment,
            Outgoing = raw.Outgoing ?? header.Outgoing,
        };
    }

    private static int TotalLength(ReadOnlySpan<byte> octets)
    {
        const int V6Header = 40;
        var isV4 = octets[0] >> 4 == 4;
        if (octets.Length < (isV4 ? 4 : 6))
        {
            return 0;
        }

        var told = BinaryPrimitives.ReadUInt16BigEndian(octets[(isV4 ? 2 : 4)..]);
        return isV4 || told == 0 ? told : told + V6Header;
    }

    private string NameOf(int index)
    {
        if (!_names.TryGetValue(index, out var name))
        {
            _names.Add(index, name = string.Create(CultureInfo.InvariantCulture, $"if{index}"));
        }

        return name;
    }
}
