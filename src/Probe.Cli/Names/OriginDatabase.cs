using System.Net;
using System.Runtime.CompilerServices;
using MaxMind.Db;
using Probe.Core.Packets;

namespace Probe.Cli.Names;

/// <summary>
/// Origins by prefix from a MaxMind database (<c>.mmdb</c>) as GeoLite2-ASN, or as those of ipinfo, which name the same by other words.
/// Safe for use by several threads.
/// </summary>
internal sealed class OriginDatabase : OriginTable
{
    // A database of AS numbers shows one in its first handful of networks.
    private const int MostSampled = 4096;
    private const int FormatVersion = 2;
    private const int V4 = 4;
    private const int V6 = 6;
    private static readonly string[] Numbers = ["autonomous_system_number", "asn"];
    private static readonly string[] Names = ["autonomous_system_organization", "as_name", "name"];

    private readonly Reader _reader;
    private readonly string _path;
    private volatile string? _fault;

    private OriginDatabase(Reader reader, string path) => (_reader, _path) = (reader, path);

    /// <inheritdoc/>
    public override string? Fault => _fault;

    /// <summary>Opens a file.</summary>
    /// <exception cref="UserError">It is no database of AS numbers.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be read.</exception>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static OriginDatabase Open(string path)
    {
        Reader? reader = null;
        try
        {
            // Read as a whole: where a mapped file is cut off under us, the kernel ends the process.
            reader = new Reader(path, FileAccessMode.Memory);
            if (reader.Metadata is { BinaryFormatMajorVersion: FormatVersion, IPVersion: V4 or V6 })
            {
                return HasNumbers(reader) ? new OriginDatabase(reader, path) : throw UserError.Usage(
                    $"{path} has no AS numbers (it is of the type '{reader.Metadata.DatabaseType}'); give a database such as GeoLite2-ASN");
            }
        }
        catch (Exception e)
        {
            reader?.Dispose();
            if (e is IOException or UnauthorizedAccessException or UserError or OutOfMemoryException)
            {
                throw;
            }
        }

        throw UserError.Usage(
            $"{path} is no MaxMind database: it is damaged, cut off or another kind of file; give one such as GeoLite2-ASN, or a text with "
                + "another ending");
    }

    /// <inheritdoc/>
    public override AsOrigin? Of(IpAddress address)
    {
        // A database of IPv4 alone would take the first 32 bits for an address.
        if (address.IsV6 && _reader.Metadata.IPVersion == V4)
        {
            return null;
        }

        try
        {
            return OriginIn(_reader.Find<Dictionary<string, object>>(address.ToIPAddress()));
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Whatever the library throws at damaged octets. What it says of them helps nobody.
            _fault = $"{_path} is damaged: some addresses cannot be found in it; get it anew";
            return null;
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _reader.Dispose();
        base.Dispose();
    }

    /// <summary>Whether one of the first networks has an AS number.</summary>
    private static bool HasNumbers(Reader reader)
    {
        var (width, last) = reader.Metadata.IPVersion == V4 ? (32, (UInt128)uint.MaxValue) : (128, UInt128.MaxValue);
        var start = UInt128.Zero;
        for (var i = 0; i < MostSampled; i++)
        {
            var address = width == 32 ? IpAddress.FromV4((uint)start) : IpAddress.FromV6(start);
            if (OriginIn(reader.Find<Dictionary<string, object>>(address.ToIPAddress(), out var length)) is not null)
            {
                return true;
            }

            // The network that has none ends here; it may be an empty one. The whole space has length 0.
            var rest = length == 0 ? last : (UInt128.One << width - length) - 1;
            if (last - start <= rest)
            {
                return false;
            }

            start += rest + 1;
        }

        return false;
    }

    private static AsOrigin? OriginIn(Dictionary<string, object>? record) =>
        record is not null && TryNumber(record, out var number) ? new AsOrigin(number, NameIn(record)) : null;

    private static string? NameIn(Dictionary<string, object> record) => Names
        .Select(key => (record.GetValueOrDefault(key) as string)?.Trim())
        .FirstOrDefault(name => !string.IsNullOrEmpty(name));

    private static bool TryNumber(Dictionary<string, object> record, out uint number)
    {
        foreach (var key in Numbers)
        {
            // Unsigned numbers come as the next larger signed kind.
            number = record.GetValueOrDefault(key) switch
            {
                int value and > 0 => (uint)value,
                long value and > 0 and <= uint.MaxValue => (uint)value,
                ulong value and <= uint.MaxValue => (uint)value,
                string text when TryNumber(text, out var value) => value,
                _ => 0,
            };
            if (number > 0)
            {
                return true;
            }
        }

        number = 0;
        return false;
    }
}
