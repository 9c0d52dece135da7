using Probe.Core.Evidence;
using Probe.Core.Vocabulary;

namespace Probe.Report.Diagnosis;

/// <summary>The rules, and how their findings become one ranked answer.</summary>
public sealed class RuleSet
{
    private static readonly Comparer<Finding> s_worstFirst = Comparer<Finding>.Create(Compare);

    private readonly IReadOnlyList<IRule> _rules;
    private readonly Dictionary<string, IDocumentPart> _parts;

    /// <summary>A set of rules; they are judged in order of their ids.</summary>
    /// <param name="rules">The rules.</param>
    /// <param name="parts">The parts of a document that they may need.</param>
    /// <exception cref="ArgumentException">Two rules have one id, or one needs a part that no document has.</exception>
    public RuleSet(IEnumerable<IRule> rules, IEnumerable<IDocumentPart> parts)
    {
        _rules = [.. rules.OrderBy(rule => rule.Id, StringComparer.Ordinal)];
        if (_rules.Select(rule => rule.Id).Distinct(StringComparer.Ordinal).Count() != _rules.Count)
        {
            throw new ArgumentException("Two rules have one id.", nameof(rules));
        }

        _parts = parts.ToDictionary(part => part.Pointer, StringComparer.Ordinal);
        if (_rules.SelectMany(rule => rule.Needs).FirstOrDefault(need => !_parts.ContainsKey(need)) is { } unknown)
        {
            throw new ArgumentException($"No document has the part {unknown}.", nameof(parts));
        }
    }

    /// <summary>Judges a document.</summary>
    public Judgement Judge(Bundle bundle)
    {
        var found = new List<Finding>();
        var excluded = new List<IRule>();
        var notExamined = new List<NotExamined>();
        foreach (var rule in _rules)
        {
            var absent = rule.Needs.Where(need => !_parts[need].IsPresent(bundle)).ToArray();
            if (absent.Length > 0)
            {
                notExamined.AddRange(absent.Select(need => new NotExamined(rule.Id, need)));
                continue;
            }

            var result = rule.Evaluate(bundle);
            found.AddRange(result.Findings);
            notExamined.AddRange(result.Missing.Select(missing => new NotExamined(rule.Id, missing)));
            if (result.Findings.Count == 0 && result.Missing.Count == 0)
            {
                excluded.Add(rule);
            }
        }

        var ranked = found.Where(finding => !found.Any(other => Explains(other, finding))).Order(s_worstFirst);
        return new Judgement([.. ranked], excluded, notExamined);
    }

    /// <summary>What would refute a finding of this rule; empty for an unknown rule.</summary>
    public IReadOnlyList<string> FalsifiersOf(string rule) =>
        _rules.FirstOrDefault(known => string.Equals(known.Id, rule, StringComparison.Ordinal))?.Falsifiers ?? [];

    private static int Compare(Finding one, Finding other) =>
        one.Severity != other.Severity ? other.Severity - one.Severity
        : one.Confidence != other.Confidence ? other.Confidence - one.Confidence
        : string.CompareOrdinal(one.Rule, other.Rule);

    // Two findings are about the same thing when their evidence lies in the same element of the document.
    private static bool Explains(Finding cause, Finding symptom) =>
        cause.Suppresses.Contains(symptom.Rule, StringComparer.Ordinal)
            && cause.Subjects.Overlaps(symptom.Subjects);
}

/// <summary>What the rules say about a document.</summary>
/// <param name="Findings">What was found, worst first, without what another finding explains.</param>
/// <param name="Excluded">Rules that were judged everywhere and found nothing.</param>
/// <param name="NotExamined">What could not be judged, and what was missing.</param>
public sealed record Judgement(IReadOnlyList<Finding> Findings, IReadOnlyList<IRule> Excluded, IReadOnlyList<NotExamined> NotExamined)
{
    /// <summary>The document with this judgement stored in it.</summary>
    public Bundle StoreIn(Bundle bundle) => bundle with { Findings = Findings, NotExamined = NotExamined };

    /// <summary>This and what the rules say about a part that was judged by itself: what one of the two examined is examined.</summary>
    public Judgement And(Judgement part) => new(
        [.. Findings, .. part.Findings],
        [.. Excluded, .. part.Excluded],
        [.. part.NotExamined.Where(missing => NotExamined.Any(own => own.Rule == missing.Rule))]);

    /// <summary>One of the findings is a fault; see <see cref="Faults.IsFault(Finding)"/>.</summary>
    public bool HasFault => Findings.Any(Faults.IsFault);
}

/// <summary>What of the findings makes a command end with 1.</summary>
public static class Faults
{
    /// <summary>Severity <see cref="Severity.Risk"/> or worse with confidence <see cref="Confidence.Likely"/> or better.</summary>
    public static bool IsFault(this Finding finding) =>
        finding is { Severity: >= Severity.Risk, Confidence: >= Confidence.Likely };
}
