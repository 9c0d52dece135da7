using System.Buffers.Binary;

namespace Probe.Core.Packets;

/// <summary>The control bits of a TCP segment (RFC 9293 section 3.1).</summary>
[Flags]
public enum TcpFlags : byte
{
    /// <summary>No bit.</summary>
    None = 0,

    /// <summary>No more data from the sender.</summary>
    Fin = 1,

    /// <summary>Synchronise sequence numbers.</summary>
    Syn = 2,

    /// <summary>Reset the connection.</summary>
    Rst = 4,

    /// <summary>Push.</summary>
    Psh = 8,

    /// <summary>The acknowledgment number counts.</summary>
    Ack = 16,

    /// <summary>The urgent pointer counts.</summary>
    Urg = 32,

    /// <summary>ECN echo (RFC 3168).</summary>
    Ece = 64,

    /// <summary>Congestion window reduced (RFC 3168).</summary>
    Cwr = 128,
}

/// <summary>What a TCP header says, apart from its length and checksum.</summary>
public readonly record struct TcpFields
{
    /// <summary>Source port.</summary>
    public ushort SourcePort { get; init; }

    /// <summary>Destination port.</summary>
    public ushort DestinationPort { get; init; }

    /// <summary>Sequence number.</summary>
    public uint Sequence { get; init; }

    /// <summary>Acknowledgment number.</summary>
    public uint Acknowledgment { get; init; }

    /// <summary>Control bits.</summary>
    public TcpFlags Flags { get; init; }

    /// <summary>Window, before scaling.</summary>
    public ushort Window { get; init; }

    /// <summary>Urgent pointer.</summary>
    public ushort UrgentPointer { get; init; }
}

/// <summary>A view of a TCP segment (RFC 9293) whose header with options is whole.</summary>
public readonly ref struct TcpHeader
{
    /// <summary>Octets of a header without options.</summary>
    public const int MinimumLength = 20;

    /// <summary>Octets of a header with as many options as fit.</summary>
    public const int MaximumLength = 60;

    private readonly ReadOnlySpan<byte> _header;

    private TcpHeader(ReadOnlySpan<byte> header, ReadOnlySpan<byte> payload)
    {
        _header = header;
        Payload = payload;
    }

    /// <summary>Source port.</summary>
    public ushort SourcePort => BinaryPrimitives.ReadUInt16BigEndian(_header);

    /// <summary>Destination port.</summary>
    public ushort DestinationPort => BinaryPrimitives.ReadUInt16BigEndian(_header[2..]);

    /// <summary>Sequence number.</summary>
    public uint Sequence => BinaryPrimitives.ReadUInt32BigEndian(_header[4..]);

    /// <summary>Acknowledgment number.</summary>
    public uint Acknowledgment => BinaryPrimitives.ReadUInt32BigEndian(_header[8..]);

    /// <summary>Octets of the header, options included: 20 to 60.</summary>
    public int HeaderLength => _header.Length;

    /// <summary>Control bits.</summary>
    public TcpFlags Flags => (TcpFlags)_header[13];

    /// <summary>Window, before scaling.</summary>
    public ushort Window => BinaryPrimitives.ReadUInt16BigEndian(_header[14..]);

    /// <summary>The checksum as it stands there.</summary>
    public ushort Checksum => BinaryPrimitives.ReadUInt16BigEndian(_header[16..]);

    /// <summary>Urgent pointer.</summary>
    public ushort UrgentPointer => BinaryPrimitives.ReadUInt16BigEndian(_header[18..]);

    /// <summary>The options, 0 to 40 octets.</summary>
    public ReadOnlySpan<byte> Options => _header[MinimumLength..];

    /// <summary>What stands after the header.</summary>
    public ReadOnlySpan<byte> Payload { get; }

    /// <summary>Reads a segment; false when its header with options is not whole.</summary>
    public static bool TryRead(ReadOnlySpan<byte> data, out TcpHeader value)
    {
        value = default;
        if (data.Length < MinimumLength)
        {
            return false;
        }

        var headerLength = (data[12] >> 4) * 4;
        if (headerLength < MinimumLength || headerLength > data.Length)
        {
            return false;
        }

        value = new TcpHeader(data[..headerLength], data[headerLength..]);
        return true;
    }

    /// <summary>Reads the options that matter here.</summary>
    public TcpOptions ReadOptions() => TcpOptions.Read(Options);

    /// <summary>Writes a header; its checksum field stays 0, see <see cref="TransportChecksum"/>.</summary>
    /// <param name="segment">Where to write.</param>
    /// <param name="fields">What the header says.</param>
    /// <param name="options">Options, a multiple of 4 and at most 40 octets.</param>
    /// <returns>Octets of the header.</returns>
    /// <exception cref="ArgumentException">The options do not fit the header, or the span is too short.</exception>
    public static int Write(Span<byte> segment, in TcpFields fields, ReadOnlySpan<byte> options = default)
    {
        if (options.Length % 4 != 0 || options.Length > MaximumLength - MinimumLength)
        {
            throw new ArgumentException("TCP options are a multiple of 4 and at most 40 octets.", nameof(options));
        }

        var header = segment[..(MinimumLength + options.Length)];
        BinaryPrimitives.WriteUInt16BigEndian(header, fields.SourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(header[2..], fields.DestinationPort);
        BinaryPrimitives.WriteUInt32BigEndian(header[4..], fields.Sequence);
        BinaryPrimitives.WriteUInt32BigEndian(header[8..], fields.Acknowledgment);
        header[12] = (byte)(header.Length / 4 << 4);
        header[13] = (byte)fields.Flags;
        BinaryPrimitives.WriteUInt16BigEndian(header[14..], fields.Window);
        header[16..18].Clear();
        BinaryPrimitives.WriteUInt16BigEndian(header[18..], fields.UrgentPointer);
        options.CopyTo(header[MinimumLength..]);
        return header.Length;
    }
}
