using Probe.Cli.Output;
using Probe.Core.Evidence;
using Probe.Core.Vocabulary;
using Probe.Report;
using Probe.Report.Diagnosis;

namespace Probe.Cli.Trace;

/// <summary>The findings of many traces, judged one by one, as if they had been judged in one document.</summary>
internal sealed class BulkFindings
{
    /// <summary>Findings kept for the document.</summary>
    public const int Kept = 1000;

    private const string First = "/traces/0";

    private readonly List<Finding> _findings = [];
    private readonly HashSet<NotExamined> _notExamined = [];
    private readonly SortedDictionary<string, (Finding Example, int Count)> _byRule = new(StringComparer.Ordinal);
    private int _traces;

    /// <summary>Findings in all.</summary>
    public long Count { get; private set; }

    /// <summary>One of them is a fault.</summary>
    public bool HasFault { get; private set; }

    /// <summary>Judges a document that holds the next trace alone, and returns it with its findings.</summary>
    public Bundle Judge(Bundle alone, bool countsFaults)
    {
        var judgement = KnownRules.All.Judge(alone);
        var index = _traces++;
        foreach (var finding in judgement.Findings)
        {
            Count++;
            HasFault |= countsFaults && finding.IsFault();
            _byRule[finding.Rule] = _byRule.TryGetValue(finding.Rule, out var known) ? (known.Example, known.Count + 1) : (finding, 1);
            if (_findings.Count < Kept)
            {
                _findings.Add(finding
                    with { Evidence = [.. finding.Evidence.Select(item => item with { Pointer = Moved(item.Pointer, index) })] });
            }
        }

        foreach (var missing in judgement.NotExamined.Where(_ => _notExamined.Count < Kept))
        {
            _notExamined.Add(missing);
        }

        return judgement.StoreIn(alone);
    }

    /// <summary>All of it, worst first.</summary>
    public Judgement Judgement => new(
        [.. _findings.OrderByDescending(finding => finding.Severity).ThenByDescending(finding => finding.Confidence)
            .ThenBy(finding => finding.Rule, StringComparer.Ordinal)],
        [], [.. _notExamined]);

    /// <summary>A line a rule, for people.</summary>
    public IEnumerable<string> Lines() => _byRule.Values.Select(rule => rule.Count == 1
        ? Notes.Of(rule.Example)
        : $"{Notes.Of(rule.Example)} (and {rule.Count - 1} more of this rule)");

    private static string Moved(string pointer, int index) =>
        pointer.StartsWith(First, StringComparison.Ordinal) ? $"/traces/{index}{pointer[First.Length..]}" : pointer;
}
