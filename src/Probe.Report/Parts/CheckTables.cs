using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using Probe.Report.Markdown;

namespace Probe.Report.Parts;

/// <summary>
/// Health checks: how many targets ended with which verdict, and those that count as down or could not be judged, by their last check.
/// </summary>
internal static class CheckTables
{
    // A report is read by people; the document has them all.
    private const int MostRows = 50;

    private static readonly Column[] CountColumns = [new("Verdict"), new("Reason"), new("Targets", Numeric: true), new("Counts as down")];

    private static readonly Column[] TargetColumns =
        [new("Target"), new("Address"), new("Verdict"), new("Reason"), new("Why"), new("RTT ms", Numeric: true),
            new("Checks", Numeric: true)];

    /// <summary>The last check of each target, with how many there were.</summary>
    public static IReadOnlyList<(CheckEvidence Last, int Count)> Targets(Bundle bundle) =>
    [
        .. (bundle.Checks ?? []).GroupBy(check => check.Name, StringComparer.Ordinal)
            .Select(checks => (checks.MaxBy(check => check.Attempt)!, checks.Count()))
            .OrderBy(target => target.Item1.Name, StringComparer.Ordinal),
    ];

    /// <summary>It counts as down.</summary>
    public static bool IsDown(CheckEvidence check) => check.Verdict.CountsAsDown(check.Expected ?? ExpectedState.Up);

    public static void Add(MarkdownBuilder report, Bundle bundle)
    {
        var targets = Targets(bundle);
        report.Paragraph($"{bundle.Checks!.Count} checks of {targets.Count} targets; what counts is the last check of each.")
            .Table(CountColumns, targets.GroupBy(target => (target.Last.Verdict, target.Last.Reason, Down: IsDown(target.Last)))
                .OrderByDescending(group => group.Key.Down).ThenByDescending(group => group.Count()).ThenBy(group => group.Key.Verdict)
                .ThenBy(group => group.Key.Reason?.ToString(), StringComparer.Ordinal)
                .Select(group =>
                    new[] { Named(group.Key.Verdict), Text(group.Key.Reason?.ToString()), Prose.Of($"{group.Count()}"),
                    Prose.Of($"{(group.Key.Down ? "yes" : "no"):ours}") }));

        var odd = targets.Where(target => IsDown(target.Last) || !target.Last.Verdict.IsAboutTarget())
            .OrderByDescending(target => IsDown(target.Last)).ToList();
        if (odd.Count > 0)
        {
            report.Table(TargetColumns, odd.Take(MostRows).Select(target => Row(target.Last, target.Count)));
        }

        if (odd.Count > MostRows)
        {
            report.Paragraph($"{odd.Count - MostRows} more stand in the document.");
        }

        if (bundle.Checks.Count(check => check.AckEscaped) is > 0 and var escaped)
        {
            report.Paragraph($"{escaped} half-open checks were held up for so long that the application may have accepted them.");
        }
    }

    private static Prose[] Row(CheckEvidence check, int count) =>
    [
        Prose.Code(check.Name), Text(check.Address), Named(check.Verdict), Text(check.Reason?.ToString()), Why(check),
        Prose.Of($"{Units.Milliseconds(check.RttNs):ours}"), Prose.Of($"{count}"),
    ];

    private static Prose Why(CheckEvidence check) =>
        check.Icmp is { } icmp ? Prose.Of($"ICMP {icmp.Type}/{icmp.Code} from {icmp.From}")
        : check.Errno is { } errno ? Prose.Code(errno)
        : check.FailedIn is { } phase ? Prose.Of($"in {Word.Of(phase)}")
        : Prose.Empty;

    private static Prose Named(CheckVerdict verdict) => Prose.Of($"{Word.Of(verdict):ours}");

    private static Prose Text(string? text) => text is null ? Prose.Empty : Prose.Code(text);
}
