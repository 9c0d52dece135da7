using System.Globalization;
using System.Text.RegularExpressions;

namespace Probe.Cli.Tests.Live;

/// <summary>Reads the numbers of a live view's second line back from the screen; 0 where they do not stand there.</summary>
internal static partial class LiveText
{
    public static int Cycle(string screen) => Number(CyclePattern(), screen);

    public static int Sent(string screen) => Number(SentPattern(), screen);

    /// <summary>Probes that a search of all paths has sent.</summary>
    public static int Searched(string screen) => Number(SearchedPattern(), screen);

    /// <summary>Seconds since the view began: they go on in a pause.</summary>
    public static int Seconds(string screen) =>
        ClockPattern().Match(screen) is { Success: true } match ? (int)TimeSpan.Parse(match.Groups["value"].Value, CultureInfo.InvariantCulture).TotalSeconds : 0;

    private static int Number(Regex pattern, string screen) =>
        pattern.Match(screen) is { Success: true } match ? int.Parse(match.Groups["value"].Value, CultureInfo.InvariantCulture) : 0;

    [GeneratedRegex(@", cycle (?<value>\d+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex CyclePattern();

    [GeneratedRegex(@", (?<value>\d+) sent,", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex SentPattern();

    [GeneratedRegex(@"(?<value>\d+) of at most", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex SearchedPattern();

    [GeneratedRegex(@" octets, (?<value>\d+:\d\d:\d\d),", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex ClockPattern();
}
