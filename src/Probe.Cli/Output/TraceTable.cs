using System.Globalization;
using Probe.Core.Evidence;
using Probe.Core.Vocabulary;

namespace Probe.Cli.Output;

/// <summary>A trace as a table for people, in the shape mtr's users know.</summary>
internal static class TraceTable
{
    /// <summary>Stands for the address of a hop that never answered.</summary>
    public const string Silent = "*";

    private const int LongestSystemName = 24;

    public static void Write(TraceEvidence trace, Bundle bundle, TextWriter writer, Palette palette, bool systems = false)
    {
        writer.WriteLine(Heading(trace));
        if (Words.ModeOf(trace) is { } mode)
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
        writer.WriteLine(palette.Paint(Verdict(trace), trace.Reached ? Tone.Good : Tone.Bad));
        foreach (var line in MultipathWords.Of(trace))
        {
            writer.WriteLine(line);
        }

        foreach (var line in Remarks(trace, bundle))
        {
            writer.WriteLine(StrangerText.ForTerminal(line));
        }
    }

    /// <summary>Milliseconds with as many decimals as the value deserves.</summary>
    public static string Milliseconds(long? ns) => ns switch
    {
        null => "-",
        < 10_000_000 => (ns.Value / 1e6).ToString("0.000", CultureInfo.InvariantCulture),
        < 100_000_000 => (ns.Value / 1e6).ToString("0.00", CultureInfo.InvariantCulture),
        _ => (ns.Value / 1e6).ToString("0.0", CultureInfo.InvariantCulture),
    };

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

    /// <summary>The hops up to the last one that answered, and those after it.</summary>
    public static (IReadOnlyList<HopEvidence> Shown, IReadOnlyList<HopEvidence> Tail) SplitSilentTail(IReadOnlyList<HopEvidence> hops)
    {
        var last = hops.Count;
        while (last > 0 && hops[last - 1].Nodes.Count == 0)
        {
            last--;
        }

        return ([.. hops.Take(last)], [.. hops.Skip(last)]);
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

    /// <summary>Name and address of a node, harmless.</summary>
    public static string Address(NodeEvidence node) =>
        node.Name is { } name ? $"{StrangerText.Clean(name)} ({node.Address})" : node.Address;

    /// <summary>The autonomous system of a node: one cell, or none where they are not shown.</summary>
    public static Cell[] As(NodeEvidence? node, bool systems) => !systems ? []
        : node?.Asn is not { } number ? [node is null ? "" : "-"]
        : [string.IsNullOrEmpty(node.AsName) ? $"AS{number}" : $"AS{number} {StrangerText.Clean(node.AsName, LongestSystemName)}"];

    /// <summary>The loss of a hop.</summary>
    public static Cell LossCell(HopEvidence hop) => new(Percent(hop.Loss), hop.Loss switch
    {
        0 => Tone.Plain,
        null => Tone.Faint,
        < 0.05 => Tone.Warning,
        _ => Tone.Bad,
    });

    /// <summary>A fraction in percent; "?" when there is none.</summary>
    public static string Percent(double? fraction) =>
        fraction is { } value ? (value * 100).ToString("0.0", CultureInfo.InvariantCulture) + "%" : "?";

    /// <summary>What there is to say of a hop as a whole.</summary>
    public static IEnumerable<string> HopNotes(HopEvidence hop)
    {
        // A hop that never answers is plain to see; one that answers sometimes needs the word.
        if (hop.RateLimited > 0 && hop.Received > 0)
        {
            yield return $"rate-limited {Percent(hop.RateLimited)}";
        }

        foreach (var note in hop.Notes)
        {
            yield return note;
        }
    }

    /// <summary>How a node shares its traffic; nothing where it does not, or where that is unknown.</summary>
    public static IEnumerable<string> BalancingNote(NodeEvidence node) =>
        node.Balancing is NodeBalancing.Single or NodeBalancing.Unknown ? [] : [$"balances {Word.Of(node.Balancing)}"];

    /// <summary>What else there is to say of one of a hop's addresses.</summary>
    public static IEnumerable<string> NodeNotes(TraceEvidence trace, NodeEvidence node)
    {
        foreach (var reply in node.Replies)
        {
            if (reply.Kind != ReplyKind.TimeExceeded)
            {
                yield return Words.Describe(reply, trace, node.Address == trace.Address);
            }
        }

        if (node.Mpls is { } labels)
        {
            yield return "MPLS " + string.Join(" / ", labels.Select(label => $"{label.Label} tc {label.Tc} ttl {label.Ttl}"));
        }

        foreach (var note in node.Notes)
        {
            yield return StrangerText.Clean(note);
        }
    }

    /// <summary>Whether the target answered, and who was last if not.</summary>
    public static string Verdict(TraceEvidence trace) => trace.Reached
        ? $"Reached in {trace.ReachedTtl} hops."
        : Refusal(trace) is { } refusal ? refusal
        : trace.Hops.LastOrDefault(hop => hop.Nodes.Count > 0) is { } last
            ? $"Not reached: the last answer came from hop {last.Ttl} ({last.Nodes[0].Address})."
            : "Not reached: nobody answered.";

    private static string? Refusal(TraceEvidence trace)
    {
        var refused =
            from hop in trace.StopReason == StopReason.Tunnel ? trace.Hops.Reverse() : []
            from node in hop.Nodes
            from reply in node.Replies
            where reply is { Layer: > 0, Kind: not ReplyKind.TimeExceeded }
            let why = reply.Kind is ReplyKind.PortUnreachable or ReplyKind.ProtocolUnreachable
                ? $": nothing takes {trace.Via.ElementAtOrDefault(^(reply.Layer ?? 1))} there"
                : ""
            select $"Not reached: {node.Address} rejects the tunnel's own packets ({Word.Of(reply.Kind)}){why}.";
        return refused.FirstOrDefault();
    }

    /// <summary>The warning about answers that this host lost.</summary>
    public static string LocalLoss(TraceEvidence trace) =>
        $"Up to {trace.LocalLost} answers lost in this host: the loss figures are upper bounds.";

    private static IEnumerable<string> Remarks(TraceEvidence trace, Bundle bundle)
    {
        if (trace.LocalLost > 0)
        {
            yield return LocalLoss(trace);
        }

        foreach (var line in Notes.Of(bundle))
        {
            yield return line;
        }
    }
}
