namespace Probe.Cli.Live;

/// <summary>What the help key shows.</summary>
internal static class LiveHelp
{
    /// <summary>Its lines; none is wider than 78 cells.</summary>
    public static IReadOnlyList<string> Lines { get; } =
    [
        "q               quit; the report is printed on the ordinary screen",
        "p, space        pause: nothing is sent until the next p",
        "r               reset: forget the statistics; a search begins anew",
        "i  u  t         probe with ICMP, UDP or TCP (starts anew)",
        "f               one flow after the other, then all again (--flows, --ecmp)",
        "o               other columns: usual, percentiles, flows, replies",
        "n               names on or off",
        "arrows, j k     scroll; page up and down, home and end too",
        "h  ?            this help, and back",
        "Ctrl-L  Ctrl-Z  draw anew; put aside (fg comes back)",
        "",
        "RTT     one bar per probe, newest on the right, each row to its own scale",
        $"        {Sparkline.Lost} lost   {Sparkline.Unanswered} this hop kept silent, but later hops prove that it passed",
        "Loss    what never got through; what a hop merely did not answer is noted",
        "        as rate-limited; ? when nobody can tell the two apart",
        "Flows   which flows an address answered; one row per address where paths part",
    ];
}
