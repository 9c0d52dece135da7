using Probe.Core.Evidence;

namespace Probe.Report.Diagnosis;

/// <summary>A part of a document that rules may need.</summary>
public interface IDocumentPart
{
    /// <summary>Where it stands, as a JSON pointer (RFC 6901).</summary>
    string Pointer { get; }

    /// <summary>It is there and not empty.</summary>
    bool IsPresent(Bundle bundle);
}
