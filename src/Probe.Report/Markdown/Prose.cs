using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Probe.Core.Evidence;

namespace Probe.Report.Markdown;

/// <summary>
/// A run of text in which our words and strangers' text cannot be confused. Written as an interpolated string: the literal parts are ours;
/// every text in a hole becomes a code span of <see cref="StrangerText.Clean(string?)"/>; numbers stay numbers.
/// A hole with the format <c>ours</c> is text that this program made, <c>strong</c> the same in bold.
/// </summary>
[InterpolatedStringHandler]
public sealed class Prose
{
    private readonly List<Piece> _pieces;

    /// <summary>Called by the compiler.</summary>
    /// <param name="literalLength">Characters of ours.</param>
    /// <param name="formattedCount">Holes.</param>
    public Prose(int literalLength, int formattedCount)
    {
        _ = literalLength;
        _pieces = new List<Piece>(formattedCount * 2 + 1);
    }

    /// <summary>What a piece of the text is.</summary>
    internal enum Kind
    {
        Ours,
        Strong,
        Code,
    }

    /// <summary>The pieces in order; code is clean already and never empty.</summary>
    internal IReadOnlyList<Piece> Pieces => _pieces;

    /// <summary>Nothing at all.</summary>
    public static Prose Empty => new(0, 0);

    /// <summary>Makes the text; the conversion from an interpolated string happens in the call.</summary>
    public static Prose Of(Prose prose) => prose;

    /// <summary>Strangers' text and nothing else.</summary>
    public static Prose Code(string? text) => new Prose(0, 1).With(text, null);

    /// <summary>
    /// Reads what <see cref="ToString"/> wrote: code spans stand between backticks. Only for text made by <see cref="ToString"/>.
    /// </summary>
    public static Prose Parse(string marked)
    {
        var result = new Prose(marked.Length, 0);
        var parts = marked.Split('`');
        for (var i = 0; i < parts.Length; i++)
        {
            result.Add(i % 2 == 1 && i < parts.Length - 1 ? Kind.Code : Kind.Ours, parts[i]);
        }

        return result;
    }

    /// <summary>Several texts with ours between them.</summary>
    public static Prose Join(string separator, IEnumerable<Prose> parts)
    {
        var result = Empty;
        foreach (var part in parts)
        {
            if (result._pieces.Count > 0)
            {
                result.Add(Kind.Ours, separator);
            }

            result.AppendFormatted(part);
        }

        return result;
    }

    /// <summary>Called by the compiler.</summary>
    public void AppendLiteral(string value)
    {
        if (value.Contains('`', StringComparison.Ordinal))
        {
            throw new ArgumentException("Code stands in a hole, not between backticks of a literal.", nameof(value));
        }

        Add(Kind.Ours, value);
    }

    /// <summary>Called by the compiler.</summary>
    public void AppendFormatted(string? value, string? format = null) => With(value, format);

    /// <summary>Called by the compiler.</summary>
    public void AppendFormatted(long value) => Add(Kind.Ours, value.ToString(CultureInfo.InvariantCulture));

    /// <summary>Called by the compiler.</summary>
    public void AppendFormatted(Prose value) => _pieces.AddRange(value._pieces);

    /// <summary>As plain text for a document or a terminal: code spans between backticks, backticks inside them made visible.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        foreach (var piece in _pieces)
        {
            _ = piece.Kind == Kind.Code
                ? text.Append('`').Append(piece.Text.Replace("`", "\\u{60}", StringComparison.Ordinal)).Append('`')
                : text.Append(piece.Text);
        }

        return text.ToString();
    }

    private Prose With(string? value, string? format)
    {
        Add(
            format switch
            {
                null => Kind.Code,
                "ours" => Kind.Ours,
                "strong" => Kind.Strong,
                _ => throw new FormatException($"A hole has the format ours or strong, not {format}."),
            },
            value);
        return this;
    }

    private void Add(Kind kind, string? text)
    {
        // GitHub makes links of @name and name@host after every escape is undone; only code stops it.
        if (kind != Kind.Code && text?.Contains('@', StringComparison.Ordinal) != true)
        {
            if (kind == Kind.Ours && _pieces is [.., { Kind: Kind.Ours } last])
            {
                _pieces[^1] = last with { Text = last.Text + text };
            }
            else if (!string.IsNullOrEmpty(text))
            {
                _pieces.Add(new Piece(kind, text));
            }
        }
        else
        {
            var clean = StrangerText.Clean(text);
            if (clean.Length == 0)
            {
                Add(Kind.Ours, "(empty)");
            }
            else
            {
                _pieces.Add(new Piece(Kind.Code, clean));
            }
        }
    }

    /// <summary>One piece.</summary>
    internal readonly record struct Piece(Kind Kind, string Text);
}
