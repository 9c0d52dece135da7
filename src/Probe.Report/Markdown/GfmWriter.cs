using System.Text;
using Markdig.Extensions.Alerts;
using Markdig.Extensions.Tables;
using Markdig.Syntax.Inlines;
using Markdig.Syntax;
using Probe.Core.Evidence;

namespace Probe.Report.Markdown;

/// <summary>
/// Writes a Markdig tree as GitHub-flavoured Markdown so that any parser reads back the same tree, whatever the text in it is.
/// Markdig's own normaliser writes literals unescaped, loses tables, and lets a fence's body close the fence. A node kind that is not
/// listed here is refused: nothing gets out verbatim by accident.
/// </summary>
internal sealed class GfmWriter
{
    private readonly StringBuilder _output = new();
    private readonly List<string> _prefixes = [];

    private GfmWriter()
    {
    }

    /// <summary>Writes the document; lines end with LF.</summary>
    /// <exception cref="NotSupportedException">The tree holds a node that reports are not made of.</exception>
    public static string Write(MarkdownDocument document)
    {
        var writer = new GfmWriter();
        writer.Blocks(document, blankBetween: true);
        return writer._output.ToString();
    }

    private void Blocks(ContainerBlock container, bool blankBetween)
    {
        var bullet = '-';
        for (var i = 0; i < container.Count; i++)
        {
            if (i > 0 && blankBetween)
            {
                Line("");
            }

            // Another bullet keeps two neighbouring lists apart.
            bullet = i > 0 && container[i - 1] is ListBlock && bullet == '-' ? '*' : '-';
            Block(container[i], bullet);
        }
    }

    private void Block(Block block, char bullet)
    {
        switch (block)
        {
            case HeadingBlock heading:
                Line($"{new string('#', heading.Level)} {InlineWriter.Write(heading.Inline, lineStart: false, inCell: false)}");
                break;
            case ParagraphBlock paragraph:
                Line(InlineWriter.Write(paragraph.Inline, lineStart: true, inCell: false));
                break;
            case FencedCodeBlock fence:
                Fence(fence);
                break;
            case Table table:
                Table(table);
                break;
            case AlertBlock alert:
                _prefixes.Add("> ");
                Line($"[!{alert.Kind}]");
                Blocks(alert, blankBetween: true);
                _prefixes.RemoveAt(_prefixes.Count - 1);
                break;
            case ListBlock { IsOrdered: false } list:
                foreach (var item in list)
                {
                    // The prefix of an item's first line is its bullet, that of the others as many spaces.
                    var start = _output.Length;
                    _prefixes.Add("  ");
                    Blocks((ListItemBlock)item, blankBetween: true);
                    _prefixes.RemoveAt(_prefixes.Count - 1);
                    _output[start + _prefixes.Sum(prefix => prefix.Length)] = bullet;
                }

                break;
            default:
                throw new NotSupportedException($"Reports hold no {block.GetType().Name}.");
        }
    }

    private void Fence(FencedCodeBlock block)
    {
        var lines = new List<string>();
        for (var i = 0; i < block.Lines.Count; i++)
        {
            lines.Add(block.Lines.Lines[i].Slice.ToString());
        }

        var fence = new string('`', Math.Max(3, lines.Select(InlineWriter.LongestRun).DefaultIfEmpty(0).Max() + 1));
        Line(fence + block.Info);
        foreach (var line in lines)
        {
            Line(line);
        }

        Line(fence);
    }

    private void Table(Table table)
    {
        var rows = table.Select(row => ((TableRow)row).Select(cell => Cell((TableCell)cell)).ToArray()).ToArray();
        var widths = new int[rows[0].Length];
        foreach (var row in rows)
        {
            for (var i = 0; i < widths.Length; i++)
            {
                widths[i] = Math.Max(3, Math.Max(widths[i], StrangerText.CellWidth(row[i])));
            }
        }

        void Row(IEnumerable<string> cells) => Line($"| {string.Join(" | ", cells)} |");
        bool Right(int column) => table.ColumnDefinitions[column].Alignment == TableColumnAlign.Right;
        for (var r = 0; r < rows.Length; r++)
        {
            Row(rows[r].Select((cell, i) => Right(i) ? StrangerText.PadLeft(cell, widths[i]) : StrangerText.PadRight(cell, widths[i])));
            if (r == 0)
            {
                Row(widths.Select((width, i) => Right(i) ? new string('-', width - 1) + ":" : new string('-', width)));
            }
        }
    }

    private static string Cell(TableCell cell) =>
        cell.Count == 1 && cell[0] is ParagraphBlock paragraph
            ? InlineWriter.Write(paragraph.Inline, lineStart: false, inCell: true)
            : throw new NotSupportedException("A cell holds one paragraph.");

    private void Line(string text)
    {
        var start = _output.Length;
        foreach (var prefix in _prefixes)
        {
            _output.Append(prefix);
        }

        _output.Append(text);

        // A blank line within a quote keeps its ">", and no line ends with our spaces.
        if (text.Length == 0)
        {
            while (_output.Length > start && _output[^1] == ' ')
            {
                _output.Length--;
            }
        }

        _output.Append('\n');
    }
}
