using Probe.Core.Evidence;
using Probe.Report.Diagnosis;

namespace Probe.Report.Charts;

/// <summary>
/// The sizes that a path MTU search tried as a drawing in plain text, the largest at the top: what got there, what did not, and where the
/// step is.
/// Holds numbers and words of ours alone.
/// </summary>
public static class SizeLadder
{
    private const int LongestBar = 28;
    private const int MostRows = 12;

    /// <summary>The rows; none when no size was tried.</summary>
    public static IReadOnlyList<string> Draw(PathMtuEvidence path)
    {
        var all = path.Sizes.OrderByDescending(size => size.Size).ToList();
        if (all.Count == 0)
        {
            return [];
        }

        var largest = Math.Max(1, all[0].Size);
        var digits = $"{largest}".Length;
        var rows = new List<string>();
        var skipped = 0;
        foreach (var size in all)
        {
            if (!Shows(path, all, size))
            {
                skipped++;
                continue;
            }

            AddSkipped(rows, ref skipped);
            var bar = new string(size.Answered > 0 ? '█' : '░', Math.Max(1, (int)((long)size.Size * LongestBar / largest)));
            var octets = size.Size.ToString(System.Globalization.CultureInfo.InvariantCulture).PadLeft(digits);
            var row = $"{(size.Answered > 0 ? '✓' : '✗')} {octets} {bar.PadRight(LongestBar)}  {ProbeState(size)}{Mark(path, size)}";
            rows.Add(row.TrimEnd());
        }

        AddSkipped(rows, ref skipped);
        return rows;
    }

    // The step and its neighbours, both ends, and as much between as there is room for.
    private static bool Shows(PathMtuEvidence path, List<PathMtuSize> all, PathMtuSize size)
    {
        if (all.Count <= MostRows || size == all[0] || size == all[^1])
        {
            return true;
        }

        var place = all.IndexOf(size);
        var step = all.FindIndex(one => one.Size <= (path.LargestAnswered ?? 0));
        step = step < 0 ? all.Count - 1 : step;
        return Math.Abs(place - step) <= (MostRows - 2) / 2;
    }

    private static void AddSkipped(List<string> rows, ref int skipped)
    {
        if (skipped > 0)
        {
            rows.Add($"⋮ ({skipped} more)");
            skipped = 0;
        }
    }

    private static string ProbeState(PathMtuSize size)
    {
        var lost = size.Sent - size.Answered - size.Refused;
        string[] words =
        [
            .. size.Answered > 0 ? [$"answered {size.Answered} of {size.Sent}"] : Array.Empty<string>(),
            .. size.Refused > 0 ? [$"refused {size.Refused}"] : Array.Empty<string>(),
            .. size.Answered == 0 && lost > 0 ? [$"lost {lost} of {size.Sent}"] : Array.Empty<string>(),
        ];
        return string.Join(", ", words);
    }

    private static string Mark(PathMtuEvidence path, PathMtuSize size)
    {
        string[] marks =
        [
            .. size.Size == path.Mtu ? ["path MTU"] : Array.Empty<string>(),
            .. size.Size + path.Overhead == path.FirstHopMtu ? ["first link"] : Array.Empty<string>(),
            .. path.Signals.Any(signal => PathMtuWords.Named(signal) == size.Size) ? ["as signalled"] : Array.Empty<string>(),
        ];
        return marks.Length == 0 ? "" : "  ← " + string.Join(", ", marks);
    }
}
