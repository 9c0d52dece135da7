using System.Text.Json.Serialization;
using Probe.Core.Vocabulary;

namespace Probe.Core.Evidence;

/// <summary>What a rule concluded from the evidence.</summary>
public sealed record Finding
{
    /// <summary>Rule id, such as <c>PRB-MTU-007</c>.</summary>
    public required string Rule { get; init; }

    /// <summary>One line.</summary>
    public required string Title { get; init; }

    /// <summary>How bad.</summary>
    public required Severity Severity { get; init; }

    /// <summary>How sure.</summary>
    public required Confidence Confidence { get; init; }

    /// <summary>Where in the path or host.</summary>
    public required string Where { get; init; }

    /// <summary>What it means, in a few sentences.</summary>
    public required string Summary { get; init; }

    /// <summary>The evidence, with pointers into the document.</summary>
    public required IReadOnlyList<EvidenceItem> Evidence { get; init; }

    /// <summary>Other readings, and why they do not hold.</summary>
    public IReadOnlyList<string> NotBecause { get; init; } = [];

    /// <summary>What to do.</summary>
    public IReadOnlyList<string> Fix { get; init; } = [];

    /// <summary>The command that proves or refutes it.</summary>
    public string? Verify { get; init; }

    /// <summary>Ids of rules whose findings this one explains.</summary>
    public IReadOnlyList<string> Suppresses { get; init; } = [];

    /// <summary>The elements of the document that its evidence lies in, such as <c>/traces/0</c>.</summary>
    [JsonIgnore]
    public IReadOnlySet<string> Subjects =>
        Evidence.Select(item => string.Join('/', item.Pointer.Split('/').Take(3))).ToHashSet(StringComparer.Ordinal);
}

/// <summary>One piece of evidence.</summary>
/// <param name="Text">What was seen.</param>
/// <param name="Value">Its value, formatted.</param>
/// <param name="Pointer">JSON pointer (RFC 6901) into the document.</param>
public sealed record EvidenceItem(string Text, string Value, string Pointer);
