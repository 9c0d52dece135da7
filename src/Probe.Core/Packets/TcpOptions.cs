using System.Buffers.Binary;

namespace Probe.Core.Packets;

/// <summary>The TCP options that say something about a host or a path; options that were not sent are null or false.</summary>
public readonly record struct TcpOptions
{
    private const byte EndOfList = 0;
    private const byte NoOperation = 1;
    private const byte MaximumSegmentSizeKind = 2;
    private const byte WindowScaleKind = 3;
    private const byte SackPermittedKind = 4;
    private const byte TimestampsKind = 8;

    /// <summary>Largest segment the sender takes, octets (RFC 9293 section 3.7.1).</summary>
    public ushort? MaximumSegmentSize { get; init; }

    /// <summary>Bits to shift windows by, as sent; above 14 it counts as 14 (RFC 7323 section 2.3).</summary>
    public byte? WindowScale { get; init; }

    /// <summary>The sender takes selective acknowledgments (RFC 2018).</summary>
    public bool SackPermitted { get; init; }

    /// <summary>Timestamp value and echo reply (RFC 7323 section 3).</summary>
    public (uint Value, uint Echo)? Timestamps { get; init; }

    /// <summary>Reads options up to their end or their first malformation; of an option sent twice the last counts.</summary>
    public static TcpOptions Read(ReadOnlySpan<byte> options)
    {
        var read = default(TcpOptions);
        while (!options.IsEmpty && options[0] != EndOfList)
        {
            if (options[0] == NoOperation)
            {
                options = options[1..];
                continue;
            }

            if (options.Length < 2 || options[1] < 2 || options[1] > options.Length)
            {
                break;
            }

            var value = options[2..options[1]];
            switch (options[0])
            {
                case MaximumSegmentSizeKind when value.Length == 2:
                    read = read with { MaximumSegmentSize = BinaryPrimitives.ReadUInt16BigEndian(value) };
                    break;
                case WindowScaleKind when value.Length == 1:
                    read = read with { WindowScale = value[0] };
                    break;
                case SackPermittedKind when value.IsEmpty:
                    read = read with { SackPermitted = true };
                    break;
                case TimestampsKind when value.Length == 8:
                    read = read
                        with { Timestamps =
                        (BinaryPrimitives.ReadUInt32BigEndian(value), BinaryPrimitives.ReadUInt32BigEndian(value[4..])) };
                    break;
                case MaximumSegmentSizeKind or WindowScaleKind or SackPermittedKind or TimestampsKind:
                    // A known option of a wrong length: nothing after it can be trusted to begin where it seems to.
                    return read;
                default:
                    break;
            }

            options = options[options[1]..];
        }

        return read;
    }
}
