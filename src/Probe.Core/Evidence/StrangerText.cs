using System.Globalization;
using System.Text;

namespace Probe.Core.Evidence;

/// <summary>
/// The one place that makes text from strangers (reverse names, banners, notes, the contents of a document) harmless.
/// What a terminal would obey, what a reader cannot see, and what turns text around becomes a visible <c>\u{1b}</c>.
/// </summary>
public static class StrangerText
{
    /// <summary>Characters (Unicode scalar values) that <see cref="Clean(string?)"/> lets through at most.</summary>
    public const int MaxRunes = 256;

    // Three marks on one letter is more than any living script needs; the fourth is drawn over the neighbours.
    private const int MaxMarks = 3;
    private const char Ellipsis = '…';

    /// <summary>
    /// The text with every harmful character made visible and at most <see cref="MaxRunes"/> long, "…" at the end where it was cut.
    /// Cleaning twice changes nothing. Null is "".
    /// </summary>
    public static string Clean(string? text) => Clean(text, MaxRunes);

    /// <summary>As <see cref="Clean(string?)"/> with another limit, for what must not be cut, such as a command line.</summary>
    /// <param name="text">The stranger's text.</param>
    /// <param name="maxRunes">Longest result, in Unicode scalar values; at least 1.</param>
    public static string Clean(string? text, int maxRunes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxRunes, 1);
        if (string.IsNullOrEmpty(text))
        {
            return "";
        }

        var result = new StringBuilder(Math.Min(text.Length, maxRunes) + 8);
        var (runes, cutAt, marks) = (0, 0, MaxMarks);
        var (first, last) = (text.AsSpan().IndexOfAnyExcept(' '), text.AsSpan().LastIndexOfAnyExcept(' '));
        for (var i = 0; i < text.Length;)
        {
            var valid = Rune.TryGetRuneAt(text, i, out var rune);
            marks = valid && IsMark(rune) ? marks + 1 : 0;
            var plain = valid && IsHarmless(rune) && marks <= MaxMarks && (text[i] != ' ' || (i > first && i < last));
            var piece = plain ? 1 : EscapeLength(valid ? rune.Value : text[i]);
            if (runes + piece > maxRunes)
            {
                result.Length = cutAt;
                return result.Append(Ellipsis).ToString();
            }

            Append(result, plain, valid ? rune.Value : text[i]);
            runes += piece;
            if (runes < maxRunes)
            {
                cutAt = result.Length;
            }

            i += valid ? rune.Utf16SequenceLength : 1;
        }

        return result.ToString();
    }

    /// <summary>
    /// For a terminal, between text of ours: the same as <see cref="Clean(string?)"/>, so that all outputs show one spelling.
    /// </summary>
    public static string ForTerminal(string? text) => Clean(text);

    /// <summary>
    /// One field of CSV (RFC 4180), always quoted; text that a spreadsheet would take for a formula gets an apostrophe before it.
    /// </summary>
    public static string ForCsv(string? text)
    {
        var clean = Clean(text);
        var formula = clean.Length > 0 && clean[0] is '=' or '+' or '-' or '@' ? "'" : "";
        return $"\"{formula}{clean.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    /// <summary>
    /// Cells of a terminal that the text takes: 2 for wide East Asian characters and emoji, 0 for combining marks, else 1.
    /// </summary>
    public static int CellWidth(string text)
    {
        var cells = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            cells += IsMark(rune) ? 0 : WideCharacters.Contains(rune.Value) ? 2 : 1;
        }

        return cells;
    }

    /// <summary>The text with spaces added on the right up to this many cells.</summary>
    public static string PadRight(string text, int cells) => text + new string(' ', Math.Max(0, cells - CellWidth(text)));

    /// <summary>The text with spaces added on the left up to this many cells.</summary>
    public static string PadLeft(string text, int cells) => new string(' ', Math.Max(0, cells - CellWidth(text))) + text;

    /// <summary>False for what a terminal obeys, a reader cannot see, or a font need not know. The ordinary space is harmless.</summary>
    public static bool IsHarmless(Rune rune)
    {
        if (rune.IsAscii)
        {
            return rune.Value is >= 0x20 and < 0x7f;
        }

        return Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate
            or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator
            or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator) && !IsInvisible(rune.Value);
    }

    // Letters, marks and symbols that draw nothing (Default_Ignorable_Code_Point of the Unicode database, and the blank Braille cell).
    private static bool IsInvisible(int value) => value is 0x034f or 0x115f or 0x1160 or 0x17b4 or 0x17b5 or (>= 0x180b and <= 0x180f)
        or 0x2800 or 0x3164 or (>= 0xfe00 and <= 0xfe0f) or 0xffa0 or (>= 0xfff0 and <= 0xfffc) or (>= 0xe0000 and <= 0xe0fff);

    private static bool IsMark(Rune rune) => !rune.IsAscii
        && Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark;

    private static void Append(StringBuilder result, bool plain, int value)
    {
        if (plain)
        {
            result.Append(new Rune(value));
        }
        else
        {
            result.Append(CultureInfo.InvariantCulture, $"\\u{{{value:x}}}");
        }
    }

    private static int EscapeLength(int value)
    {
        var digits = 1;
        while ((value >>= 4) != 0)
        {
            digits++;
        }

        return digits + 4;
    }
}
