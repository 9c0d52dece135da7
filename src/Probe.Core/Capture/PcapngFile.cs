using System.Buffers.Binary;
using System.Text;
using static Probe.Core.Capture.PcapngCodes;

namespace Probe.Core.Capture;

/// <summary>
/// Reads pcapng (draft-ietf-opsawg-pcapng): several sections of either byte order, several interfaces of their own link types and time
/// resolutions, comments, directions. Blocks that say nothing about a packet (names, statistics, secrets, unknown ones) are passed over.
/// libpcap reads files of one link type and one snapshot length alone, and hands out neither interface nor comment.
/// </summary>
internal sealed class PcapngFile : IPacketFile
{
    // Type and length in front, the length again behind.
    private const int Frame = 12;
    private const int SmallestSection = Frame + 16;

    // As libpcap has it (sf-pcapng.c): packets and interfaces beyond that are not what they say.
    private const uint LargestBlock = 16 << 20;

    private readonly FileOctets _octets;
    private readonly List<PcapngInterface> _interfaces = [];
    private bool _isBigEndian;
    private bool _hasSection;

    /// <summary>Takes over the octets, which begin with a section.</summary>
    public PcapngFile(FileOctets octets) => _octets = octets;

    /// <inheritdoc/>
    public bool TryRead(out RawFilePacket packet)
    {
        while (true)
        {
            var head = _octets.Peek(Frame);
            if (head.IsEmpty)
            {
                packet = default;
                return false;
            }

            if (head.Length < Frame)
            {
                // Says so.
                _octets.Take(Frame);
            }

            if (BinaryPrimitives.ReadUInt32LittleEndian(head) == SectionHeader)
            {
                BeginSection(head);
                continue;
            }

            if (!_hasSection)
            {
                throw new CaptureFileException("it does not begin with a section");
            }

            var (type, length) = (U32(head), U32(head[4..]));
            if (length < Frame || length % 4 != 0)
            {
                throw Damaged($"a block of {length} octets");
            }

            if (type is not (InterfaceDescription or OldPacket or SimplePacket or EnhancedPacket))
            {
                _octets.Skip(length);
                continue;
            }

            var body = TakeBody(length);
            if (type == InterfaceDescription)
            {
                _interfaces.Add(PcapngInterface.Read(body, _isBigEndian));
                continue;
            }

            packet = type == SimplePacket ? ReadSimple(body) : ReadPacket(body, type);
            return true;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _octets.Dispose();

    private void BeginSection(ReadOnlySpan<byte> head)
    {
        var order = head[8..];
        _isBigEndian = BinaryPrimitives.ReadUInt32BigEndian(order) == ByteOrder;
        if (!_isBigEndian && BinaryPrimitives.ReadUInt32LittleEndian(order) != ByteOrder)
        {
            throw Damaged("a section without a byte order");
        }

        var length = U32(head[4..]);
        if (length < SmallestSection || length % 4 != 0)
        {
            throw Damaged($"a section header of {length} octets");
        }

        // Minor versions change nothing for a reader.
        var version = U16(TakeBody(length)[4..]);
        if (version != 1)
        {
            throw new CaptureFileException($"version {version} of pcapng is unknown");
        }

        _interfaces.Clear();
        _hasSection = true;
    }

    private ReadOnlySpan<byte> TakeBody(uint length)
    {
        if (length > LargestBlock)
        {
            throw Damaged($"a block of {length} octets");
        }

        var block = _octets.Take((int)length);
        return U32(block[^4..]) == length ? block[8..^4] : throw Damaged("a block's two lengths differ");
    }

    private RawFilePacket ReadPacket(ReadOnlySpan<byte> body, uint type)
    {
        const int Fixed = 20;
        if (body.Length < Fixed)
        {
            throw Damaged("a packet without its header");
        }

        // The older block has a count of drops in the upper half of the interface's number.
        var from = Interface(type == OldPacket ? U16(body) : U32(body));
        var (kept, length) = (U32(body[12..]), U32(body[16..]));
        if (kept > body.Length - Fixed)
        {
            throw Damaged("a packet longer than its block");
        }

        var padded = Math.Min(((int)kept + 3) & ~3, body.Length - Fixed);
        var (comment, outgoing) = ReadOptions(body[(Fixed + padded)..]);
        return new RawFilePacket
        {
            LinkType = from.LinkType,
            Octets = body.Slice(Fixed, (int)kept),
            Length = length,
            UnixNs = from.TimeOf((ulong)U32(body[4..]) << 32 | U32(body[8..])),
            Interface = from.Name,
            Comment = comment,
            Outgoing = outgoing,
        };
    }

    private RawFilePacket ReadSimple(ReadOnlySpan<byte> body)
    {
        if (body.Length < 4)
        {
            throw Damaged("a packet without its header");
        }

        var (from, length) = (Interface(0), U32(body));
        var kept = (int)Math.Min((uint)body.Length - 4, length);
        return new RawFilePacket
        {
            LinkType = from.LinkType,
            Octets = body.Slice(4, from.SnapshotLength == 0 ? kept : (int)Math.Min((uint)kept, from.SnapshotLength)),
            Length = length,
            UnixNs = 0,
            Interface = from.Name,
        };
    }

    private (string? Comment, bool? Outgoing) ReadOptions(ReadOnlySpan<byte> octets)
    {
        string? comment = null;
        bool? outgoing = null;
        var options = new PcapngOptions(octets, _isBigEndian);
        while (options.MoveNext())
        {
            if (options.Code == Comment)
            {
                var text = Encoding.UTF8.GetString(options.Value);
                comment = comment is null ? text : $"{comment}\n{text}";
            }
            else if (options.Code == PacketFlags && options.Value.Length == 4)
            {
                // Bits 0 and 1: 1 inbound, 2 outbound.
                outgoing = (U32(options.Value) & 3) switch { 1 => false, 2 => true, _ => null };
            }
        }

        return (comment, outgoing);
    }

    private PcapngInterface Interface(uint number) => number < _interfaces.Count
        ? _interfaces[(int)number] : throw Damaged($"a packet of interface {number}, which is not described");

    private uint U32(ReadOnlySpan<byte> at) =>
        _isBigEndian ? BinaryPrimitives.ReadUInt32BigEndian(at) : BinaryPrimitives.ReadUInt32LittleEndian(at);

    private ushort U16(ReadOnlySpan<byte> at) =>
        _isBigEndian ? BinaryPrimitives.ReadUInt16BigEndian(at) : BinaryPrimitives.ReadUInt16LittleEndian(at);

    private static CaptureFileException Damaged(string what) => new($"the file is damaged: {what}");
}
