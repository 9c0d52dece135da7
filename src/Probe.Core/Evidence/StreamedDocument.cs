namespace Probe.Core.Evidence;

/// <summary>
/// The document of a run whose traces are written as they are finished, so that they need not be kept. It is the same document: only the
/// order of its parts differs, and each trace stands on a line of its own.
/// </summary>
/// <param name="writer">Where it goes.</param>
public sealed class StreamedDocument(TextWriter writer)
{
    /// <summary>A trace is written.</summary>
    public bool IsBegun { get; private set; }

    /// <summary>Writes one trace.</summary>
    public void Add(TraceEvidence trace)
    {
        writer.Write(IsBegun ? ",\n    " : $"{{\n  \"schema\": \"{Bundle.CurrentSchema}\",\n  \"traces\": [\n    ");
        IsBegun = true;
        writer.Write(EvidenceJson.Line(trace).TrimEnd('\n'));
    }

    /// <summary>Writes everything else.</summary>
    /// <param name="bundle">The document; its traces are those written before.</param>
    public void End(Bundle bundle)
    {
        if (!IsBegun)
        {
            writer.Write(EvidenceJson.Serialize(bundle with { Traces = [] }));
            return;
        }

        // The first two lines are the opening brace and the schema, which stand at the beginning already.
        var rest = EvidenceJson.Serialize(bundle with { Traces = null });
        var second = rest.IndexOf('\n', StringComparison.Ordinal) + 1;
        writer.Write("\n  ],\n");
        writer.Write(rest[(rest.IndexOf('\n', second) + 1)..]);
    }
}
