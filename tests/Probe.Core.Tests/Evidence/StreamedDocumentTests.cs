using System.Text;
using Probe.Core.Evidence;
using Probe.Core.Vocabulary;

namespace Probe.Core.Tests.Evidence;

public class StreamedDocumentTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public void A_document_written_trace_by_trace_reads_as_one_written_at_once(int traces)
    {
        var whole = new Bundle
        {
            Tool = new ToolInfo("probe", "1"),
            Command = ["probe", "trace"],
            Started = new Instant(1),
            Ended = new Instant(2),
            Complete = true,
            EndReason = SweepEnd.Done,
            Traces = [.. Enumerable.Repeat(PathSamples.Diamond(), traces)],
            Gaps = [new Gap("a", "b")],
        };
        using var writer = new StringWriter();
        var stream = new StreamedDocument(writer);
        foreach (var trace in whole.Traces)
        {
            stream.Add(trace);
        }

        stream.End(whole);
        Assert.True(EvidenceJson.TryRead(Encoding.UTF8.GetBytes(writer.ToString()), out var read, out var error), error);
        Assert.Equal(EvidenceJson.Serialize(whole), EvidenceJson.Serialize(read));
    }
}
