using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Probe.Cli.Parsing;

/// <summary>
/// One of several parts of a list. Which part a line belongs to follows from its text alone: machines with the same list, in whatever
/// order, get parts that do not overlap and together are the whole.
/// </summary>
/// <param name="Number">Which part, from 1.</param>
/// <param name="Count">How many parts.</param>
internal readonly record struct Shard(int Number, int Count)
{
    private const int MostParts = 1_000_000;

    /// <summary>Reads <c>K/N</c>.</summary>
    public static bool TryParse(string text, out Shard value, [NotNullWhen(false)] out string? why)
    {
        value = default;
        why = null;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash > 0
            && int.TryParse(text.AsSpan(0, slash), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            && number >= 1 && number <= count && count <= MostParts)
        {
            value = new Shard(number, count);
            return true;
        }

        why = "is not a part: write K/N, as in 1/4 for the first of four";
        return false;
    }

    /// <summary>
    /// Whether a target belongs to this part. The rule never changes: FNV-1a (64 bits) over the UTF-8 text, mixed, modulo the parts.
    /// </summary>
    public bool Holds(string text)
    {
        var hash = 0xcbf29ce484222325;
        foreach (var octet in Encoding.UTF8.GetBytes(text))
        {
            hash = (hash ^ octet) * 0x100000001b3;
        }

        // The low bits of FNV follow the last character too closely.
        hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccd;
        hash ^= hash >> 33;
        return hash % (ulong)Count == (ulong)(Number - 1);
    }
}
