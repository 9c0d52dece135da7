using System.Globalization;
using Probe.Core.Packets;

namespace Probe.Cli.Names;

/// <summary>
/// Origins by prefix from a text: <c>PREFIX ASN NAME</c> a line, separated by blanks, the name to the end of the line and optional;
/// <c>#</c> begins a comment line. The longest prefix that holds an address wins; of two lines with one prefix, the first.
/// </summary>
internal sealed class PrefixTable : OriginTable
{
    private const int V4Bits = 32;
    private const int V6Bits = 128;

    private readonly Entry[] _v4;
    private readonly Entry[] _v6;

    private PrefixTable(List<Entry> v4, List<Entry> v6) => (_v4, _v6) = (Arrange(v4, V4Bits), Arrange(v6, V6Bits));

    /// <summary>Reads a file.</summary>
    /// <exception cref="UserError">A line of it is wrong.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be read.</exception>
    public static PrefixTable ReadText(string path)
    {
        using var reader = new StreamReader(path);
        return Parse(reader, path);
    }

    /// <summary>Reads a text.</summary>
    /// <param name="reader">The text.</param>
    /// <param name="name">What errors call it.</param>
    /// <exception cref="UserError">A line is wrong.</exception>
    public static PrefixTable Parse(TextReader reader, string name)
    {
        var (v4, v6, origins) = (new List<Entry>(), new List<Entry>(), new Dictionary<AsOrigin, AsOrigin>());
        for (var number = 1; reader.ReadLine() is { } line; number++)
        {
            var rest = line.AsSpan().Trim();
            if (rest.IsEmpty || rest[0] == '#')
            {
                continue;
            }

            var prefix = Word(ref rest);
            var system = Word(ref rest);
            if (!TryPrefix(prefix, out var address, out var length, out var why) || !TryNumber(system, out var asn, out why))
            {
                throw UserError.Usage(
                    $"{name} line {number.ToString(CultureInfo.InvariantCulture)}: {why}; "
                        + "a line is PREFIX ASN NAME, as in: 192.0.2.0/24 64500 Example");
            }

            // A full table names each system thousands of times.
            var origin = new AsOrigin(asn, rest.IsEmpty ? null : rest.ToString());
            if (!origins.TryGetValue(origin, out var known))
            {
                origins.Add(origin, known = origin);
            }

            (address.IsV4 ? v4 : v6).Add(new Entry(address.Bits, (byte)length, -1, known));
        }

        return new PrefixTable(v4, v6);
    }

    /// <inheritdoc/>
    public override AsOrigin? Of(IpAddress address)
    {
        var (entries, width) = address.IsV4 ? (_v4, V4Bits) : (_v6, V6Bits);
        var (low, high) = (0, entries.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = entries[middle].Start <= address.Bits ? (middle + 1, high) : (low, middle);
        }

        // The last prefix that begins before the address holds it, or one of those around that prefix does.
        var at = low - 1;
        while (at >= 0 && !entries[at].Holds(address.Bits, width))
        {
            at = entries[at].Around;
        }

        return at < 0 ? null : entries[at].Origin;
    }

    private static Entry[] Arrange(List<Entry> entries, int width)
    {
        // A stable sort: of equals the first line stays first.
        Entry[] sorted =
            [.. entries.OrderBy(entry => entry.Start).ThenBy(entry => entry.Length).DistinctBy(entry => (entry.Start, entry.Length))];
        var around = new Stack<int>();
        for (var i = 0; i < sorted.Length; i++)
        {
            while (around.TryPeek(out var outer) && !sorted[outer].Holds(sorted[i].Start, width))
            {
                around.Pop();
            }

            sorted[i] = sorted[i] with { Around = around.TryPeek(out var holder) ? holder : -1 };
            around.Push(i);
        }

        return sorted;
    }

    private static ReadOnlySpan<char> Word(ref ReadOnlySpan<char> rest)
    {
        var end = rest.IndexOfAny(' ', '\t');
        var word = end < 0 ? rest : rest[..end];
        rest = end < 0 ? [] : rest[end..].TrimStart();
        return word;
    }

    private static bool TryPrefix(ReadOnlySpan<char> text, out IpAddress address, out int length, out string why)
    {
        why = $"'{text}' is not a prefix";
        length = 0;
        var slash = text.IndexOf('/');
        if (!IpAddress.TryParse((slash < 0 ? text : text[..slash]).ToString(), out address))
        {
            return false;
        }

        var width = address.Length * 8;
        length = width;
        if (slash >= 0
            && (!int.TryParse(text[(slash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out length) || length > width))
        {
            return false;
        }

        if (length < width && (address.Bits & ((UInt128.One << width - length) - 1)) != 0)
        {
            why = $"'{text}' has bits set behind its length";
            return false;
        }

        return true;
    }

    private static bool TryNumber(ReadOnlySpan<char> text, out uint number, out string why)
    {
        why = text.IsEmpty ? "it has no AS number" : $"'{text}' is not an AS number";
        return TryNumber(text, out number);
    }

    private readonly record struct Entry(UInt128 Start, byte Length, int Around, AsOrigin Origin)
    {
        public bool Holds(UInt128 bits, int width) => Length == 0 || (bits ^ Start) >> (width - Length) == UInt128.Zero;
    }
}
