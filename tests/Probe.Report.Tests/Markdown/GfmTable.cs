using System.Text;

namespace Probe.Report.Tests.Markdown;

/// <summary>
/// Reads a row by the rules of the GFM specification, where a pipe splits cells before anything else is looked at and <c>\|</c> is a pipe
/// even within code. Markdig reads code first; a row must mean the same to both.
/// </summary>
internal static class GfmTable
{
    /// <summary>The cells of a row, trimmed.</summary>
    public static List<string> Cells(string row)
    {
        var (cells, cell) = (new List<string>(), new StringBuilder());
        for (var i = 1; i < row.Length; i++)
        {
            if (row[i] == '\\' && i + 1 < row.Length && row[i + 1] == '|')
            {
                cell.Append('|');
                i++;
            }
            else if (row[i] == '|')
            {
                cells.Add(cell.ToString().Trim(' '));
                cell.Clear();
            }
            else
            {
                cell.Append(row[i]);
            }
        }

        return cells;
    }

    /// <summary>The content of each cell that is one code span and nothing else.</summary>
    public static List<string> Codes(string row) => Cells(row).Select(Code).ToList();

    private static string Code(string cell)
    {
        var run = cell.Length - cell.TrimStart('`').Length;
        var inner = cell[run..^run];
        Assert.True(run > 0 && cell.EndsWith(new string('`', run), StringComparison.Ordinal), $"no code span: {cell}");
        return inner.StartsWith(' ') && inner.EndsWith(' ') && inner.Trim(' ').Length > 0 ? inner[1..^1] : inner;
    }
}
