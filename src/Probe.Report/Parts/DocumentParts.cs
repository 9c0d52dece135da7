using Probe.Core.Evidence;

namespace Probe.Report.Parts;

/// <summary>The parts of a document, in the order in which a report shows them: for the report, a new part is one entry here.</summary>
internal static class DocumentParts
{
    /// <summary>All parts.</summary>
    public static IReadOnlyList<DocumentPart> All { get; } =
    [
        new("/traces", bundle => bundle.Traces is { Count: > 0 }) { Measured = new TracePart() },
        new("/checks", bundle => bundle.Checks is { Count: > 0 }) { Measured = new CheckPart() },
        new("/pathMtus", bundle => bundle.PathMtus is { Count: > 0 }) { Measured = new PathMtuPart() },
        new("/host", bundle => bundle.Host is not null),
        new("/counters", bundle => bundle.Counters is not null),
        new("/sockets", bundle => bundle.Sockets is { Count: > 0 }),
        new("/captures", bundle => bundle.Captures is { Count: > 0 }),
    ];

    /// <summary>What was measured in a document.</summary>
    public static IReadOnlyList<IMeasuredPart> MeasuredIn(Bundle bundle) =>
        [.. All.Where(part => part.Measured is not null && part.IsPresent(bundle)).Select(part => part.Measured!)];
}
