using Probe.Core.Evidence;
using Probe.Core.Vocabulary;

namespace Probe.Cli.Output;

/// <summary>What follows the results of every table: what the rules found, and what could not be collected, a line each.</summary>
internal static class Notes
{
    /// <summary>All of them, findings first.</summary>
    public static IEnumerable<string> Of(Bundle bundle) => [.. (bundle.Findings ?? []).Select(Of), .. (bundle.Gaps ?? []).Select(Of)];

    /// <summary>A finding in one line.</summary>
    public static string Of(Finding finding) =>
        $"{finding.Rule} ({Word.Of(finding.Severity)}, {Word.Of(finding.Confidence)}): {finding.Title}";

    /// <summary>A gap in one line.</summary>
    public static string Of(Gap gap) => $"Note: {gap.What}: {gap.Why}.";
}
