using Probe.Core.Evidence;
using Probe.Report.Diagnosis;
using Probe.Report.Markdown;

namespace Probe.Report.Parts;

/// <summary>One part of a document as a report shows it.</summary>
/// <param name="Pointer">Where it stands, as a JSON pointer (RFC 6901).</param>
/// <param name="Has">It is there and not empty.</param>
internal sealed record DocumentPart(string Pointer, Func<Bundle, bool> Has) : IDocumentPart
{
    /// <summary>What was measured; null for a part that stands beside what was measured, such as the facts of the host.</summary>
    public IMeasuredPart? Measured { get; init; }

    /// <inheritdoc/>
    public bool IsPresent(Bundle bundle) => Has(bundle);
}

/// <summary>What a report says of a part that was measured.</summary>
internal interface IMeasuredPart
{
    /// <summary>What came out, as the title of a report in which nothing is wrong.</summary>
    Prose Title(Bundle bundle);

    /// <summary>What came out in sentences, where no rule found a fault.</summary>
    Prose Verdict(Bundle bundle);

    /// <summary>It says itself that nothing is wrong.</summary>
    bool IsWell(Bundle bundle);

    /// <summary>What the reader has to know of how it was measured; null for nothing.</summary>
    Prose? Remark(Bundle bundle);

    /// <summary>Its sections.</summary>
    void AddSections(MarkdownBuilder report, Bundle bundle);
}
