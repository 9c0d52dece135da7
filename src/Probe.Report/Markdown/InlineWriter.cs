using System.Text;
using Markdig.Syntax.Inlines;

namespace Probe.Report.Markdown;

/// <summary>Writes the inlines of one block on one line of GitHub-flavoured Markdown.</summary>
internal static class InlineWriter
{
    /// <summary>The line.</summary>
    /// <param name="container">The inlines; null for none.</param>
    /// <param name="lineStart">The first character may start a list, a heading, a quote, a fence.</param>
    /// <param name="inCell">Within a table a pipe would end the cell.</param>
    public static string Write(ContainerInline? container, bool lineStart, bool inCell)
    {
        var output = new StringBuilder();
        foreach (var inline in container ?? [])
        {
            switch (inline)
            {
                case LiteralInline literal:
                    Literal(output, literal.Content.ToString(), lineStart);
                    break;
                case CodeInline code:
                    Code(output, code.Content, inCell);
                    break;
                case EmphasisInline { DelimiterChar: '*', DelimiterCount: 2,
                    FirstChild: LiteralInline strong } emphasis when emphasis.FirstChild == emphasis.LastChild:
                    output.Append("**");
                    Literal(output, strong.Content.ToString(), lineStart: false);
                    output.Append("**");
                    break;
                default:
                    throw new NotSupportedException($"Reports hold no {inline.GetType().Name}.");
            }
        }

        return output.ToString().Trim(' ');
    }

    /// <summary>The longest run of backticks.</summary>
    public static int LongestRun(string text)
    {
        var (longest, run) = (0, 0);
        foreach (var c in text)
        {
            run = c == '`' ? run + 1 : 0;
            longest = Math.Max(longest, run);
        }

        return longest;
    }

    private static void Code(StringBuilder output, string content, bool inCell)
    {
        // GFM takes the backslash of \| away inside a cell's code, Markdig leaves it: only a spelling without a pipe reads the same in
        // both.
        var text = inCell ? content.Replace("|", "\\u{7c}", StringComparison.Ordinal) : content;
        var delimiter = new string('`', LongestRun(text) + 1);
        var pad = text.StartsWith('`') || text.EndsWith('`')
            || (text.StartsWith(' ') && text.EndsWith(' ') && text.AsSpan().Trim(' ').Length > 0) ? " " : "";
        output.Append(delimiter).Append(pad).Append(text).Append(pad).Append(delimiter);
    }

    private static void Literal(StringBuilder output, string text, bool lineStart)
    {
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (NeedsEscape(text, i) || (lineStart && output.Length == 0 && c is '-' or '+' or '=')
                || (lineStart && EndsListNumber(output, c)))
            {
                output.Append('\\');
            }

            output.Append(c);
        }
    }

    private static bool NeedsEscape(string text, int at) => text[at] switch
    {
        '\\' or '`' or '*' or '_' or '[' or ']' or '<' or '>' or '&' or '|' or '~' or '#' or '$' => true,

        // Bare URLs become links: http://, mailto:x, www.x.
        ':' => at + 1 < text.Length && text[at + 1] != ' ',
        '.' => at >= 3 && string.Compare(text, at - 3, "www", 0, 3, StringComparison.OrdinalIgnoreCase) == 0,
        _ => false,
    };

    private static bool EndsListNumber(StringBuilder output, char c)
    {
        if (c is not ('.' or ')') || output.Length is 0 or > 9)
        {
            return false;
        }

        for (var i = 0; i < output.Length; i++)
        {
            if (!char.IsAsciiDigit(output[i]))
            {
                return false;
            }
        }

        return true;
    }
}
