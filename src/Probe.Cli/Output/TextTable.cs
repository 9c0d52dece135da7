using System.Text;
using Probe.Core.Evidence;

namespace Probe.Cli.Output;

/// <summary>Where the cells of a column stand.</summary>
internal enum Align
{
    /// <summary>Text.</summary>
    Left,

    /// <summary>Numbers.</summary>
    Right,
}

/// <summary>A column.</summary>
/// <param name="Header">Its heading.</param>
/// <param name="Align">Where its cells stand.</param>
internal readonly record struct Column(string Header, Align Align = Align.Left);

/// <summary>A cell: text and what it stands for.</summary>
/// <param name="Text">Any text; the table makes it harmless.</param>
/// <param name="Tone">Its tone.</param>
internal readonly record struct Cell(string Text, Tone Tone = Tone.Plain)
{
    public static implicit operator Cell(string? text) => new(text ?? "");
}

/// <summary>
/// Aligned columns for people: two spaces between them, widths counted in terminal cells, no line wider than its text needs.
/// Whatever a stranger wrote into a cell is harmless in the output.
/// </summary>
internal sealed class TextTable(params Column[] columns)
{
    private const string Gap = "  ";
    private readonly List<Cell[]> _rows = [];

    /// <summary>Adds a row; missing cells at its end are empty.</summary>
    public void Add(params ReadOnlySpan<Cell> cells)
    {
        var row = new Cell[columns.Length];
        for (var i = 0; i < row.Length; i++)
        {
            row[i] = i < cells.Length ? cells[i] with { Text = StrangerText.ForTerminal(cells[i].Text) } : "";
        }

        _rows.Add(row);
    }

    /// <summary>Writes headings and rows.</summary>
    public void Write(TextWriter writer, Palette palette)
    {
        Cell[] headings = [.. columns.Select(c => new Cell(c.Header, Tone.Strong))];
        var widths = new int[columns.Length];
        foreach (var row in _rows.Prepend(headings))
        {
            for (var i = 0; i < widths.Length; i++)
            {
                widths[i] = Math.Max(widths[i], StrangerText.CellWidth(row[i].Text));
            }
        }

        foreach (var row in headings.All(h => h.Text.Length == 0) ? _rows : _rows.Prepend(headings))
        {
            writer.WriteLine(Line(row, widths, palette));
        }
    }

    /// <summary>The text cut to so many cells, "…" at the end where it was cut.</summary>
    public static string Cut(string text, int cells)
    {
        if (StrangerText.CellWidth(text) <= cells)
        {
            return text;
        }

        var result = new StringBuilder();
        var used = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            used += StrangerText.CellWidth(rune.ToString());
            if (used > cells - 1)
            {
                break;
            }

            result.Append(rune);
        }

        return cells > 0 ? result.Append('…').ToString() : "";
    }

    private string Line(Cell[] row, int[] widths, Palette palette)
    {
        var last = Array.FindLastIndex(row, c => c.Text.Length > 0);
        var line = new StringBuilder();
        for (var i = 0; i <= last; i++)
        {
            var space = new string(' ', widths[i] - StrangerText.CellWidth(row[i].Text));
            var right = columns[i].Align == Align.Right;
            line.Append(i > 0 ? Gap : "").Append(right ? space : "").Append(palette.Paint(row[i].Text, row[i].Tone))
                .Append(right || i == last ? "" : space);
        }

        return line.ToString();
    }
}
