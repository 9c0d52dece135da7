using System.Buffers.Binary;
using System.Text;
using static Probe.Core.Capture.PcapngCodes;
using static Probe.Core.Linux.SocketConstants;

namespace Probe.Core.Capture;

/// <summary>
/// Writes captures as pcapng (draft-ietf-opsawg-pcapng): nanosecond times, interfaces by name, a comment per packet. Each block goes out
/// whole with one write, so the file can be read while it grows and after any death of this process. Not thread-safe.
/// </summary>
public sealed class PcapngWriter : IDisposable
{
    // MAXIMUM_SNAPLEN of libpcap (pcap-int.h), what it takes 0 for.
    private const uint LongestKept = 262_144;

    private const int CookedHeader = 16;

    // ARPHRD_NONE of linux/if_arp.h.
    private const ushort NoHardware = 0xFFFE;

    // Option lengths are 16 bits wide.
    private const int LongestOption = ushort.MaxValue;

    private readonly Stream _stream;
    private readonly bool _leaveOpen;
    private byte[] _block = new byte[4096];
    private int _length;
    private int _interfaces;
    private bool _disposed;

    /// <summary>Begins a file.</summary>
    /// <param name="stream">Where to; it should not buffer, or be flushed by <see cref="Flush"/>.</param>
    /// <param name="application">Who writes, as readers show it: <c>probe 1.0</c>.</param>
    /// <param name="leaveOpen">Leaves the stream to its owner.</param>
    public PcapngWriter(Stream stream, string application, bool leaveOpen = false)
    {
        ArgumentNullException.ThrowIfNull(stream);
        _stream = stream;
        _leaveOpen = leaveOpen;
        Begin(SectionHeader);
        Add(ByteOrder);
        Add((ushort)1);
        Add((ushort)0);

        // The section's length is not known while it grows: -1.
        Add(uint.MaxValue);
        Add(uint.MaxValue);
        AddOption(UserApplication, application);
        AddOption(EndOfOptions, default(ReadOnlySpan<byte>));
        End();
    }

    /// <summary>Creates a file, unbuffered; an existing one is replaced.</summary>
    public static PcapngWriter Create(string path, string application)
    {
        var stream = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
        return new PcapngWriter(stream, application);
    }

    /// <summary>Packets written.</summary>
    public long Packets { get; private set; }

    /// <summary>Describes an interface and returns the number under which its packets are written.</summary>
    /// <param name="name">Its name: an index means another interface in another namespace.</param>
    /// <param name="linkType">What its packets begin with.</param>
    public int AddInterface(string name, LinkType linkType)
    {
        Begin(InterfaceDescription);
        Add((ushort)linkType);
        Add((ushort)0);

        // libpcap takes a second interface only with the snapshot length that it made of the first one's, and of 0 it makes its own
        // maximum.
        Add(LongestKept);
        AddOption(InterfaceName, name);
        AddOption(TimeResolution, [9]);
        AddOption(EndOfOptions, default(ReadOnlySpan<byte>));
        End();
        return _interfaces++;
    }

    /// <summary>Writes one packet.</summary>
    /// <param name="interfaceNumber">From <see cref="AddInterface"/>.</param>
    /// <param name="unixNs">When, nanoseconds since 1970 (UTC).</param>
    /// <param name="packet">The octets that were kept.</param>
    /// <param name="originalLength">Octets it had on the wire; 0 when nothing was cut off.</param>
    /// <param name="comment">What readers show beside it; empty for none.</param>
    public void Write(int interfaceNumber, long unixNs, ReadOnlySpan<byte> packet, int originalLength = 0,
        ReadOnlySpan<char> comment = default) =>
        Write(interfaceNumber, unixNs, default, packet, originalLength, comment);

    /// <summary>Writes one IP packet of an interface of <see cref="LinkType.LinuxCooked"/>.</summary>
    /// <param name="interfaceNumber">From <see cref="AddInterface"/>.</param>
    /// <param name="unixNs">When, nanoseconds since 1970 (UTC).</param>
    /// <param name="outgoing">This host sent it.</param>
    /// <param name="packet">The octets that were kept, from the IP header on.</param>
    /// <param name="originalLength">Octets it had on the wire; 0 when nothing was cut off.</param>
    /// <param name="comment">What readers show beside it; empty for none.</param>
    public void WriteCooked(
        int interfaceNumber, long unixNs, bool outgoing, ReadOnlySpan<byte> packet, int originalLength = 0,
        ReadOnlySpan<char> comment = default)
    {
        Span<byte> header = stackalloc byte[CookedHeader];
        header.Clear();
        BinaryPrimitives.WriteUInt16BigEndian(header, (ushort)(outgoing ? PACKET_OUTGOING : PACKET_HOST));
        BinaryPrimitives.WriteUInt16BigEndian(header[2..], NoHardware);
        BinaryPrimitives.WriteUInt16BigEndian(header[14..], packet.IsEmpty || packet[0] >> 4 == 4 ? (ushort)ETH_P_IP : (ushort)ETH_P_IPV6);
        Write(interfaceNumber, unixNs, header, packet, originalLength, comment);
    }

    /// <summary>Hands everything to the operating system.</summary>
    public void Flush() => _stream.Flush();

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _stream.Flush();
        if (!_leaveOpen)
        {
            _stream.Dispose();
        }
    }

    private void Begin(uint type)
    {
        _length = 0;
        Add(type);
        Add(0u);
    }

    private void End()
    {
        var total = (uint)_length + 4;
        Add(total);
        BinaryPrimitives.WriteUInt32LittleEndian(_block.AsSpan(4), total);
        _stream.Write(_block, 0, _length);
    }

    private void Add(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(Room(4), value);
        _length += 4;
    }

    private void Add(ushort value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(Room(2), value);
        _length += 2;
    }

    private void AddOption(ushort code, ReadOnlySpan<char> text)
    {
        // Cut between characters, so that what remains is still UTF-8.
        Span<byte> stack = stackalloc byte[512];
        var most = Encoding.UTF8.GetMaxByteCount(text.Length);
        var octets = most <= stack.Length ? stack : new byte[most];
        var count = Encoding.UTF8.GetBytes(text, octets);
        if (count > LongestOption)
        {
            count = LongestOption;
            while ((octets[count] & 0xC0) == 0x80)
            {
                count--;
            }
        }

        AddOption(code, octets[..count]);
    }

    private void AddOption(ushort code, ReadOnlySpan<byte> value)
    {
        Add(code);
        Add((ushort)value.Length);
        AddPadded(value);
    }

    private void Write(
        int interfaceNumber, long unixNs, ReadOnlySpan<byte> header, ReadOnlySpan<byte> packet, int originalLength,
        ReadOnlySpan<char> comment)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(interfaceNumber);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(interfaceNumber, _interfaces);
        Begin(EnhancedPacket);
        Add((uint)interfaceNumber);
        Add((uint)((ulong)unixNs >> 32));
        Add((uint)unixNs);
        Add((uint)(header.Length + packet.Length));
        Add((uint)(header.Length + Math.Max(packet.Length, originalLength)));

        // The header's length is a multiple of four: only what follows it is padded.
        AddPadded(header);
        AddPadded(packet);
        if (!comment.IsEmpty)
        {
            AddOption(Comment, comment);
            AddOption(EndOfOptions, default(ReadOnlySpan<byte>));
        }

        End();
        Packets++;
    }

    private void AddPadded(ReadOnlySpan<byte> value)
    {
        var padded = (value.Length + 3) & ~3;
        var room = Room(padded);
        value.CopyTo(room);
        room[value.Length..padded].Clear();
        _length += padded;
    }

    private Span<byte> Room(int octets)
    {
        if (_length + octets > _block.Length)
        {
            Array.Resize(ref _block, Math.Max(_block.Length * 2, _length + octets));
        }

        return _block.AsSpan(_length);
    }
}
