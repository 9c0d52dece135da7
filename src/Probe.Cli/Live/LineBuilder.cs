using System.Text;
using Probe.Cli.Output;
using Probe.Core.Evidence;

namespace Probe.Cli.Live;

/// <summary>One line of the screen, never wider than it; counts cells, not characters. The text is harmless already.</summary>
internal sealed class LineBuilder(int width, Palette palette)
{
    private readonly StringBuilder _text = new();

    /// <summary>Cells used.</summary>
    public int Cells { get; private set; }

    /// <summary>Cells left.</summary>
    public int Room => width - Cells;

    /// <summary>Adds text; "…" stands where the screen ends.</summary>
    public LineBuilder Add(string text, Tone tone = Tone.Plain)
    {
        var cut = TextTable.Cut(text, Room);
        if (cut.Length > 0)
        {
            _text.Append(palette.Paint(cut, tone));
            Cells += StrangerText.CellWidth(cut);
        }

        return this;
    }

    /// <summary>Fills with spaces up to this cell.</summary>
    public LineBuilder To(int cell)
    {
        var spaces = Math.Min(cell, width) - Cells;
        if (spaces > 0)
        {
            _text.Append(' ', spaces);
            Cells += spaces;
        }

        return this;
    }

    /// <summary>The line.</summary>
    public ScreenLine ToLine() => new(_text.ToString(), Cells);
}
