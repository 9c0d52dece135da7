namespace Probe.Report.Charts;

/// <summary>
/// Loss in steps that one can tell apart: blue for none, then a ramp whose lightness alone orders the steps, so that it survives
/// every kind of colour blindness and a grey printer. The number always stands beside the colour.
/// </summary>
public static class LossScale
{
    /// <summary>The step of a loss that the evidence says nothing about.</summary>
    public const int Unknown = 6;

    /// <summary>What each step means, for a legend; the index is the step.</summary>
    public static IReadOnlyList<string> Meanings { get; } =
        ["no loss", "below 5 %", "below 20 %", "below 50 %", "below 100 %", "all lost", "not known"];

    /// <summary>Fill, line and text of each step on a light ground, as <c>#rrggbb</c>.</summary>
    public static IReadOnlyList<(string Fill, string Line, string Text)> Light { get; } =
    [
        ("#deebf7", "#2171b5", "#0b1f33"), ("#fff0cf", "#c79a2e", "#2b1d00"), ("#fdc66f", "#b9770e", "#2b1d00"),
        ("#f08a3c", "#a8510a", "#1f0d00"),
        ("#b5381c", "#7d2109", "#ffffff"), ("#5c0a0a", "#2e0000", "#ffffff"), ("#ffffff", "#6b7280", "#24292f"),
    ];

    /// <summary>The same on a dark ground, where the ramp runs from dim to bright.</summary>
    public static IReadOnlyList<(string Fill, string Line, string Text)> Dark { get; } =
    [
        ("#12304d", "#5aa2e0", "#e3effa"), ("#3a2a08", "#8f6a1c", "#ffe9bd"), ("#6b4708", "#c08423", "#fff3dc"),
        ("#a8590f", "#ea9a4b", "#ffffff"),
        ("#e8853b", "#ffc08f", "#1f0d00"), ("#ffd9c2", "#ffffff", "#3d0a00"), ("#161b22", "#9aa4b0", "#d6dde4"),
    ];

    /// <summary>The step of a fraction lost; null when nothing is known.</summary>
    public static int StepOf(double? loss) => loss switch
    {
        null => Unknown,
        <= 0 => 0,
        < 0.05 => 1,
        < 0.2 => 2,
        < 0.5 => 3,
        < 1 => 4,
        _ => 5,
    };
}
