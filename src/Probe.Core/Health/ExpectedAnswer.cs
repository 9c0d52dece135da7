using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;
using System.Text;

namespace Probe.Core.Health;

/// <summary>What an answer must hold: octets anywhere in it, or a match of a regular expression over its octets as Latin-1.</summary>
public sealed class ExpectedAnswer
{
    private const string PatternMark = "re:";

    private readonly byte[] _octets;
    private readonly Regex? _pattern;

    private ExpectedAnswer(string text, byte[] octets, Regex? pattern) => (Text, _octets, _pattern) = (text, octets, pattern);

    /// <summary>What the user wrote.</summary>
    public string Text { get; }

    /// <summary>Reads <c>text</c> with the escapes of <see cref="TryReadOctets"/>, or <c>re:PATTERN</c>.</summary>
    /// <param name="text">What the user wrote.</param>
    /// <param name="value">The answer to expect.</param>
    /// <param name="why">What is wrong with it.</param>
    public static bool TryParse(string text, [MaybeNullWhen(false)] out ExpectedAnswer value, [NotNullWhen(false)] out string? why)
    {
        value = null;
        if (!text.StartsWith(PatternMark, StringComparison.Ordinal))
        {
            if (!TryReadOctets(text, out var octets, out why))
            {
                return false;
            }

            value = new ExpectedAnswer(text, octets, null);
            return true;
        }

        try
        {
            // Without backtracking, an answer cannot make it slow.
            value = new ExpectedAnswer(text, [],
                new Regex(text[PatternMark.Length..], RegexOptions.NonBacktracking | RegexOptions.CultureInvariant,
                Regex.InfiniteMatchTimeout));
            why = null;
            return true;
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            why = $"is not a regular expression: {e.Message}";
            return false;
        }
    }

    /// <summary>Reads octets: text in UTF-8 with <c>\r \n \t \0 \\</c> and <c>\xHH</c>.</summary>
    /// <param name="text">What the user wrote.</param>
    /// <param name="octets">The octets.</param>
    /// <param name="why">What is wrong with it.</param>
    public static bool TryReadOctets(string text, [MaybeNullWhen(false)] out byte[] octets, [NotNullWhen(false)] out string? why)
    {
        var result = new List<byte>();
        (octets, why) = (null, null);
        for (var i = 0; i < text.Length;)
        {
            if (text[i] != '\\')
            {
                var end = text.IndexOf('\\', i) is >= 0 and var next ? next : text.Length;
                result.AddRange(Encoding.UTF8.GetBytes(text[i..end]));
                i = end;
                continue;
            }

            switch (text.AsSpan(i + 1))
            {
                case ['r', ..]:
                    result.Add((byte)'\r');
                    break;
                case ['n', ..]:
                    result.Add((byte)'\n');
                    break;
                case ['t', ..]:
                    result.Add((byte)'\t');
                    break;
                case ['0', ..]:
                    result.Add(0);
                    break;
                case ['\\', ..]:
                    result.Add((byte)'\\');
                    break;
                case ['x', var high, var low, ..] when char.IsAsciiHexDigit(high) && char.IsAsciiHexDigit(low):
                    result.Add(Convert.FromHexString([high, low])[0]);
                    i += 2;
                    break;
                default:
                    why = @"has an escape that means nothing: use \r \n \t \0 \\ or \xHH";
                    return false;
            }

            i += 2;
        }

        octets = [.. result];
        return true;
    }

    /// <summary>The answer holds it.</summary>
    public bool IsIn(ReadOnlySpan<byte> answer) =>
        _pattern is null ? answer.IndexOf(_octets) >= 0 : _pattern.IsMatch(Encoding.Latin1.GetString(answer));
}
