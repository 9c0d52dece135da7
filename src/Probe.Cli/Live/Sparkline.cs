using Probe.Cli.Output;
using Probe.Core.Tracing;

namespace Probe.Cli.Live;

/// <summary>Round-trip times as a row of bars, one a probe, the newest on the right.</summary>
internal static class Sparkline
{
    /// <summary>A probe that nobody answered, and no later hop either.</summary>
    public const char Lost = '×';

    /// <summary>A probe that only this hop did not answer: later hops prove that it passed.</summary>
    public const char Unanswered = '·';

    private const string Bars = "▁▂▃▄▅▆▇█";
    private const long SmallestSpanNs = 100_000;

    /// <summary>
    /// The newest probes that fit. The lowest bar is the smallest time shown; the highest is the largest, but at least half as much again
    /// and 0.1 ms, so that a steady hop looks steady.
    /// </summary>
    /// <param name="probes">Oldest first.</param>
    /// <param name="cells">Widest.</param>
    /// <param name="isLoss">What nobody answered is loss, as far as known.</param>
    public static string Draw(IReadOnlyList<RecentProbe> probes, int cells, bool isLoss)
    {
        var first = Math.Max(0, probes.Count - cells);
        var (least, most) = (long.MaxValue, 0L);
        for (var i = first; i < probes.Count; i++)
        {
            if (probes[i].RttNs is { } rtt)
            {
                (least, most) = (Math.Min(least, rtt), Math.Max(most, rtt));
            }
        }

        var span = Math.Max(most - least, Math.Max(least == long.MaxValue ? 0 : least / 2, SmallestSpanNs));
        return string.Create(probes.Count - first, (probes, first, least, span, isLoss), static (line, s) =>
        {
            for (var i = 0; i < line.Length; i++)
            {
                line[i] = s.probes[s.first + i] switch
                {
                    { IsUnanswered: true } => s.isLoss ? Lost : Unanswered,
                    { RttNs: { } rtt } => Bars[(int)Math.Min(Bars.Length - 1, (rtt - s.least) * Bars.Length / s.span)],
                    _ => ' ',
                };
            }
        });
    }

    /// <summary>Adds the bars to a line, what was not answered in its colour.</summary>
    public static void Add(LineBuilder line, string bars)
    {
        for (var start = 0; start < bars.Length;)
        {
            var tone = ToneOf(bars[start]);
            var end = start + 1;
            while (end < bars.Length && ToneOf(bars[end]) == tone)
            {
                end++;
            }

            line.Add(bars[start..end], tone);
            start = end;
        }
    }

    private static Tone ToneOf(char bar) => bar switch
    {
        Lost => Tone.Bad,
        Unanswered => Tone.Faint,
        _ => Tone.Good,
    };
}
