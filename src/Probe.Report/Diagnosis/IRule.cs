using Probe.Core.Evidence;

namespace Probe.Report.Diagnosis;

/// <summary>
/// One kind of fault, recognised in the evidence alone: a pure function of the document, without clock, I/O or memory. A rule never reads
/// the findings stored in the document.
/// </summary>
public interface IRule
{
    /// <summary>Stable id, such as <c>PRB-PATH-005</c>.</summary>
    string Id { get; }

    /// <summary>What it looks for, as a noun.</summary>
    string Title { get; }

    /// <summary>Parts of the document without which it cannot be judged, as JSON pointers.</summary>
    IReadOnlyList<string> Needs { get; }

    /// <summary>What would refute a finding of this rule; told to the reader with every finding.</summary>
    IReadOnlyList<string> Falsifiers { get; }

    /// <summary>Judges the document; <see cref="Needs"/> are there.</summary>
    RuleResult Evaluate(Bundle bundle);
}

/// <summary>What a rule says: findings, and what it could not judge. Neither is "looked for and not there".</summary>
/// <param name="Findings">What was found.</param>
/// <param name="Missing">One sentence for each thing that was missing to judge a part of the document.</param>
public sealed record RuleResult(IReadOnlyList<Finding> Findings, IReadOnlyList<string> Missing)
{
    /// <summary>Looked for everywhere, and not there.</summary>
    public static RuleResult Nothing { get; } = new([], []);
}
