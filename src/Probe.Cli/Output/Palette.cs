using Probe.Core.Linux.Files;

namespace Probe.Cli.Output;

/// <summary>What a piece of text stands for; how it looks is the palette's.</summary>
internal enum Tone
{
    /// <summary>Ordinary.</summary>
    Plain,

    /// <summary>Headings.</summary>
    Strong,

    /// <summary>Of less weight.</summary>
    Faint,

    /// <summary>Works.</summary>
    Good,

    /// <summary>Worth a look.</summary>
    Warning,

    /// <summary>Wrong.</summary>
    Bad,
}

/// <summary>Colour on a terminal, or none anywhere else.</summary>
internal sealed class Palette
{
    private readonly bool _on;

    private Palette(bool on) => _on = on;

    /// <summary>No colour.</summary>
    public static Palette None { get; } = new(false);

    /// <summary>
    /// Colour, unless it is no terminal or the user does not want it (<c>NO_COLOR</c>, see no-color.org; <c>TERM=dumb</c>).
    /// </summary>
    public static Palette For(StandardStream stream, bool noColor) =>
        stream.IsTerminal && !noColor && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
        && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb")
            ? new(true)
            : None;

    /// <summary>The text in its colour. The text itself is harmless already.</summary>
    public string Paint(string text, Tone tone)
    {
        var code = tone switch
        {
            Tone.Strong => "1",
            Tone.Faint => "2",
            Tone.Good => "32",
            Tone.Warning => "33",
            Tone.Bad => "31",
            _ => "",
        };
        return _on && code.Length > 0 ? $"\e[{code}m{text}\e[0m" : text;
    }
}
