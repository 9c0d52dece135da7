using System.Text;

namespace Probe.Bench;

/// <summary>A Markdown table whose source is aligned too; all columns but the first are numbers.</summary>
internal sealed class MarkdownTable(params string[] heads)
{
    private readonly List<string[]> _rows = [heads];

    public void Add(params string[] cells) => _rows.Add(cells);

    public override string ToString()
    {
        var widths = Enumerable.Range(0, heads.Length).Select(column => Math.Max(3, _rows.Max(row => row[column].Length))).ToArray();
        var text = new StringBuilder();
        for (var row = 0; row < _rows.Count; row++)
        {
            Line(_rows[row].Select((cell, column) => column == 0 ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column])));
            if (row == 0)
            {
                Line(widths.Select((width, column) => column == 0 ? new string('-', width) : new string('-', width - 1) + ":"));
            }
        }

        return text.ToString();

        void Line(IEnumerable<string> cells) => text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");
    }
}
