using Probe.Cli.Output;
using Probe.Core.Evidence;
using static Probe.Cli.Output.Durations;
using static Probe.Cli.Output.TraceCells;

namespace Probe.Cli.Trace;

/// <summary>A trace as a table for people, in the shape mtr's users know.</summary>
internal static class TraceTable
{
    public static void Write(TraceEvidence trace, Bundle bundle, TextWriter writer, Palette palette, bool systems = false)
    {
        writer.WriteLine(Heading(trace));
        if (TraceWords.ModeOf(trace) is { } mode)
        {
            writer.WriteLine(mode);
        }

        var paths = trace.Multipath is null ? null : new PathLabels(trace);
        var table = new TextTable(
        [
            new Column("Hop", Align.Right), new Column("Address"), .. systems ? [new Column("AS")] : Array.Empty<Column>(),
            new Column("Loss", Align.Right), new Column("Sent", Align.Right),
            new Column("Recv", Align.Right), new Column("Last", Align.Right), new Column("Avg", Align.Right),
            new Column("Best", Align.Right),
            new Column("Worst", Align.Right), new Column("StDev", Align.Right),
            .. paths is null ? Array.Empty<Column>() : [new Column("Flows", Align.Right), new Column("Next")], new Column("Notes"),
        ]);
        var (shown, tail) = SplitSilentTail(trace.Hops);
        foreach (var hop in shown)
        {
            AddHop(table, trace, hop, systems, paths);
        }

        if (tail.Count > 0)
        {
            table.Add(
                [tail.Count == 1 ? $"{tail[0].Ttl}" : $"{tail[0].Ttl}-{tail[^1].Ttl}", Silent, .. As(null, systems), LossCell(tail[0]),
                $"{tail.Sum(hop => hop.Sent)}", "0"]);
        }

        table.Write(writer, palette);
        writer.WriteLine(palette.Paint(TraceWords.Verdict(trace), trace.Reached ? Tone.Good : Tone.Bad));
        foreach (var line in MultipathWords.Of(trace))
        {
            writer.WriteLine(line);
        }

        foreach (var line in Remarks(trace, bundle))
        {
            writer.WriteLine(StrangerText.ForTerminal(line));
        }
    }

    private static string Heading(TraceEvidence trace)
    {
        var to = trace.Target == trace.Address ? trace.Address : $"{trace.Target} ({trace.Address})";
        var port = trace.Port is { } number ? $" port {number}" : "";
        var via = trace.Via.Count > 0 ? $" via {string.Join(" via ", trace.Via)}" : "";
        var sweep = trace.Sweep is null ? "" : ", TTL of the tunnel's packets";
        return StrangerText.ForTerminal(
            $"Path to {to}{via} from {trace.Source}, {trace.Protocol.ToString().ToUpperInvariant()}{port}, {trace.Size} octets{sweep}, "
                + "times in ms");
    }

    private static void AddHop(TextTable table, TraceEvidence trace, HopEvidence hop, bool systems, PathLabels? paths)
    {
        if (hop.Nodes.Count == 0)
        {
            table.Add(
                [$"{hop.Ttl}", Silent, .. As(null, systems), LossCell(hop), $"{hop.Sent}", "0", "", "", "", "", "",
                .. paths is null ? Array.Empty<Cell>() : ["", ""], string.Join(", ", HopNotes(hop))]);
            return;
        }

        for (var i = 0; i < hop.Nodes.Count; i++)
        {
            var node = hop.Nodes[i];
            var alone = hop.Nodes.Count == 1;

            // Where there is a column of next hops, it says so there.
            var notes = (paths is null ? BalancingNote(node) : []).Concat(NodeNotes(trace, node)).Concat(i == 0 ? HopNotes(hop) : []);
            var rtt = node.RttNs;
            table.Add(
            [
                paths is not null ? paths.Of(hop.Ttl, node.Address) : i == 0 ? $"{hop.Ttl}" : "", Address(node), .. As(node, systems),
                alone ? LossCell(hop) : Percent(node.Loss),
                $"{(alone ? hop.Sent : node.Sent)}", $"{node.Received}",
                Milliseconds(rtt?.Last), Milliseconds(rtt?.Avg), Milliseconds(rtt?.Min), Milliseconds(rtt?.Max), Milliseconds(rtt?.Stddev),
                .. paths is null ? Array.Empty<Cell>() : [$"{node.Flows.Count}", paths.Next(hop.Ttl, node)],
                string.Join(", ", notes),
            ]);
        }
    }

    private static IEnumerable<string> Remarks(TraceEvidence trace, Bundle bundle)
    {
        if (trace.LocalLost > 0)
        {
            yield return TraceWords.LocalLoss(trace);
        }

        foreach (var line in Notes.Of(bundle))
        {
            yield return line;
        }
    }
}
