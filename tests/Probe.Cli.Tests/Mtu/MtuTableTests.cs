using Probe.Cli.Mtu;
using Probe.Cli.Output;
using Probe.Core.Evidence;
using Probe.Core.Vocabulary;

namespace Probe.Cli.Tests.Mtu;

public class MtuTableTests
{
    [Fact]
    public void A_single_real_server_is_drawn()
    {
        var said = Write(Path(1468) with { Real = "10.0.0.7", Via = ["gue:10.0.0.7"], OuterMtu = 1500, Overhead = 32 });
        Assert.Contains("Path MTU to 192.0.2.9 on 10.0.0.7 via gue:10.0.0.7: 1468 octets", said, StringComparison.Ordinal);
    }

    [Fact]
    public void Flows_that_differ_from_the_first_are_marked_even_where_they_are_more_and_the_first_stands_for_many()
    {
        var rows = Write(Flow(1, 1500), Flow(2, 1400), Flow(5, 1400)).Split('\n').Where(line => line.Contains("differs", StringComparison.Ordinal)).ToList();
        Assert.Equal(2, rows.Count);
        Assert.All(rows, row => Assert.Contains("1400", row, StringComparison.Ordinal));
    }

    [Fact]
    public void A_sentence_of_ours_is_whole_however_long_it_is()
    {
        var gap = string.Join(' ', Enumerable.Range(1, 200));
        Assert.Contains(gap, Write(new Gap("path MTU", gap), Path(1500)), StringComparison.Ordinal);
    }

    private static PathMtuEvidence Flow(int id, int mtu) => Path(mtu) with { Flow = new PathMtuFlow(id, 40_000 + id, 443) };

    private static PathMtuEvidence Path(int mtu) => new()
    {
        Target = "192.0.2.9", Address = "192.0.2.9", Protocol = ProbeProtocol.Tcp, Port = 443, Mtu = mtu, OuterMtu = mtu, FirstHopMtu = 1500,
        Verdict = mtu == 1500 ? PathMtuVerdict.Clear : PathMtuVerdict.BlackHole, Confidence = Confidence.Proved, LargestAnswered = mtu, Sizes = [new PathMtuSize(mtu, 1, 1)],
    };

    private static string Write(params PathMtuEvidence[] paths) => Write(null, paths);

    private static string Write(Gap? gap, params PathMtuEvidence[] paths)
    {
        var writer = new StringWriter { NewLine = "\n" };
        MtuTable.Write(new Bundle
        {
            Tool = new ToolInfo("probe", "0"), Command = ["probe", "mtu"], Started = default, Ended = default, Complete = true, EndReason = SweepEnd.Done, PathMtus = paths, Gaps = gap is null ? null : [gap],
        }, writer, Palette.None);
        return writer.ToString();
    }
}
