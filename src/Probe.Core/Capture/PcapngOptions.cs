using System.Buffers.Binary;

namespace Probe.Core.Capture;

/// <summary>Walks the options of a pcapng block.</summary>
internal ref struct PcapngOptions(ReadOnlySpan<byte> octets, bool isBigEndian)
{
    private const int Head = 4;

    private ReadOnlySpan<byte> _rest = octets;

    /// <summary>What the option is.</summary>
    public ushort Code { get; private set; }

    /// <summary>Its octets, without padding.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>Goes to the next one; false at the end.</summary>
    /// <exception cref="CaptureFileException">An option is longer than its block.</exception>
    public bool MoveNext()
    {
        if (_rest.Length < Head)
        {
            return false;
        }

        Code = U16(_rest);
        var length = U16(_rest[2..]);
        if (Code == PcapngCodes.EndOfOptions)
        {
            return false;
        }

        if (length > _rest.Length - Head)
        {
            throw new CaptureFileException("the file is damaged: an option longer than its block");
        }

        Value = _rest.Slice(Head, length);
        _rest = _rest[Math.Min(Head + ((length + 3) & ~3), _rest.Length)..];
        return true;
    }

    private readonly ushort U16(ReadOnlySpan<byte> at) =>
        isBigEndian ? BinaryPrimitives.ReadUInt16BigEndian(at) : BinaryPrimitives.ReadUInt16LittleEndian(at);
}
