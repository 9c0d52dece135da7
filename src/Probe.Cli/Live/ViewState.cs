namespace Probe.Cli.Live;

/// <summary>Rows and columns of the screen, in cells.</summary>
internal readonly record struct ScreenSize(int Rows, int Columns);

/// <summary>What the user chose to see.</summary>
internal sealed record ViewState
{
    /// <summary>Index into <see cref="LiveColumns.Sets"/>.</summary>
    public int ColumnSet { get; init; }

    /// <summary>Names are shown beside addresses.</summary>
    public bool Names { get; init; } = true;

    /// <summary>AS numbers have a column.</summary>
    public bool Systems { get; init; }

    /// <summary>Help covers the table.</summary>
    public bool Help { get; init; }

    /// <summary>The first row of the table that is shown.</summary>
    public int Top { get; init; }
}

/// <summary>One line of the screen.</summary>
/// <param name="Text">Its text, colours included, nothing else that a terminal obeys.</param>
/// <param name="Cells">Cells it takes.</param>
internal readonly record struct ScreenLine(string Text, int Cells)
{
    /// <summary>Nothing.</summary>
    public static ScreenLine Empty { get; } = new("", 0);
}

/// <summary>One screen: exactly as many lines as it has rows, none wider than it is.</summary>
/// <param name="Lines">The lines.</param>
/// <param name="State">The state with what does not fit the screen put right.</param>
internal sealed record LiveFrame(IReadOnlyList<ScreenLine> Lines, ViewState State);
