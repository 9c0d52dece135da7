using System.Buffers.Binary;
using System.Text;
using static Probe.Core.Capture.PcapngCodes;

namespace Probe.Core.Capture;

/// <summary>An interface as a pcapng file describes it.</summary>
/// <param name="Name">Its name; null where the file has none.</param>
/// <param name="LinkType">What its packets begin with.</param>
/// <param name="SnapshotLength">Octets kept of each packet at most; 0 for all.</param>
/// <param name="UnitsPerSecond">What its times count in.</param>
/// <param name="OffsetSeconds">What is added to each time, seconds.</param>
internal sealed record PcapngInterface(string? Name, LinkType LinkType, uint SnapshotLength, ulong UnitsPerSecond, long OffsetSeconds)
{
    private const ulong NanosecondsPerSecond = 1_000_000_000;
    private const ulong Microseconds = 1_000_000;
    private const int Fixed = 8;

    /// <summary>Reads the body of an interface description block.</summary>
    /// <exception cref="CaptureFileException">It is damaged, or its times cannot be counted in.</exception>
    public static PcapngInterface Read(ReadOnlySpan<byte> body, bool isBigEndian)
    {
        if (body.Length < Fixed)
        {
            throw new CaptureFileException("the file is damaged: an interface without its description");
        }

        var type = isBigEndian ? BinaryPrimitives.ReadUInt16BigEndian(body) : BinaryPrimitives.ReadUInt16LittleEndian(body);
        var snapshot = isBigEndian ? BinaryPrimitives.ReadUInt32BigEndian(body[4..]) : BinaryPrimitives.ReadUInt32LittleEndian(body[4..]);
        var told = new PcapngInterface(null, (LinkType)type, snapshot, Microseconds, 0);
        var options = new PcapngOptions(body[Fixed..], isBigEndian);
        while (options.MoveNext())
        {
            told = (options.Code, options.Value.Length) switch
            {
                (InterfaceName, > 0) => told with { Name = Encoding.UTF8.GetString(options.Value) },
                (TimeResolution, 1) => told with { UnitsPerSecond = Resolution(options.Value[0]) },
                (TimeOffset, 8) => told with
                {
                    OffsetSeconds = isBigEndian
                        ? BinaryPrimitives.ReadInt64BigEndian(options.Value) : BinaryPrimitives.ReadInt64LittleEndian(options.Value),
                },
                _ => told,
            };
        }

        return told;
    }

    /// <summary>Nanoseconds since 1970 of a time in the file; finer ones are cut.</summary>
    /// <exception cref="CaptureFileException">It is before the year 1677 or after 2262, where 64 bits end.</exception>
    public long TimeOf(ulong units)
    {
        var (seconds, rest) = Math.DivRem(units, UnitsPerSecond);
        var ns = (Int128)seconds * NanosecondsPerSecond + (Int128)((UInt128)rest * NanosecondsPerSecond / UnitsPerSecond)
            + (Int128)OffsetSeconds * NanosecondsPerSecond;
        return ns >= long.MinValue && ns <= long.MaxValue
            ? (long)ns : throw new CaptureFileException("the file is damaged: a packet's time is centuries away");
    }

    /// <summary>Bit 7 chooses powers of 2 over powers of 10; the rest is the exponent.</summary>
    private static ulong Resolution(byte code)
    {
        const int Binary = 0x80;
        const int LargestPowerOfTwo = 63;
        const int LargestPowerOfTen = 19;
        var exponent = code & ~Binary;
        if (exponent > ((code & Binary) != 0 ? LargestPowerOfTwo : LargestPowerOfTen))
        {
            throw new CaptureFileException($"the file is damaged: its times count in units too small for 64 bits (if_tsresol {code})");
        }

        if ((code & Binary) != 0)
        {
            return 1UL << exponent;
        }

        var units = 1UL;
        for (; exponent > 0; exponent--)
        {
            units *= 10;
        }

        return units;
    }
}
