using Probe.Core.Vocabulary;

namespace Probe.Core.Evidence;

/// <summary>What the headers that routers quote tell of the path before them. Pure functions of the hops.</summary>
public static class QuoteReading
{
    /// <summary>
    /// Nodes that answered for the router after which they stand: it passed a packet on whose TTL had ended, so that the next router quotes
    /// TTL 0 and shows at this TTL and, with its own, at the next. A router that quotes 0 once and for good merely counts down before it
    /// quotes.
    /// </summary>
    public static IEnumerable<NodeAt> ZeroTtl(IReadOnlyList<HopEvidence> hops)
    {
        for (var h = 0; h + 1 < hops.Count; h++)
        {
            for (var n = 0; n < hops[h].Nodes.Count; n++)
            {
                if (hops[h].Nodes[n] is { Quoted.Ttl: 0 } node && hops[h + 1].Ttl == hops[h].Ttl + 1 && hops[h + 1].Nodes.Any(next =>
                    next is { Quoted.Ttl: > 0 } && string.Equals(next.Address, node.Address, StringComparison.Ordinal)
                        && ShareAFlow(node, next)))
                {
                    yield return new NodeAt(h, n);
                }
            }
        }
    }

    /// <summary>
    /// Where the quoted TOS or traffic class octet first differs from that of the hop before on the same flow, or from what was sent.
    /// </summary>
    public static IEnumerable<(NodeAt At, int From, int To)> Remarkings(IReadOnlyList<HopEvidence> hops, int sentTos) =>
        Walks(hops, node => node.Quoted is { } quoted && quoted.Tos != sentTos)
        .SelectMany(walk =>
        {
            var tos = sentTos;
            return walk.Where(at => at.Of(hops).Quoted is not null).Select(at => (At: at, From: tos, To: tos = at.Of(hops).Quoted!.Tos))
                .ToArray();
        })
        .Where(step => step.From != step.To).Distinct();

    /// <summary>Where fields of the quoted probe first differ from what was sent, flow by flow; each with the new ones.</summary>
    public static IEnumerable<(NodeAt At, IReadOnlyList<RewrittenField> Fields)> Translations(IReadOnlyList<HopEvidence> hops) =>
        Walks(hops, node => node.Rewritten is not null)
        .SelectMany(walk =>
        {
            var seen = new HashSet<RewrittenField>();
            return walk.Select(at => (At: at, Fields: (at.Of(hops).Rewritten ?? []).Where(seen.Add).ToArray())).ToArray();
        })
        .Where(step => step.Fields.Length > 0)
        .GroupBy(step => step.At,
            (at, steps) => (at, (IReadOnlyList<RewrittenField>)[.. steps.SelectMany(step => step.Fields).Distinct()]));

    /// <summary>A TOS or traffic class octet in words, as what changed between two: <c>dscp 46 → 0</c>.</summary>
    public static string Describe(int fromTos, int toTos)
    {
        var parts = new List<string>();
        if (fromTos >> 2 != toTos >> 2)
        {
            parts.Add($"dscp {fromTos >> 2} → {toTos >> 2}");
        }

        if ((fromTos & 3) != (toTos & 3))
        {
            parts.Add($"ecn {fromTos & 3} → {toTos & 3}");
        }

        return string.Join(", ", parts);
    }

    /// <summary>The fields one by one, as documents have them; null for none.</summary>
    internal static IReadOnlyList<RewrittenField>? Listed(RewrittenFields fields) => fields == RewrittenFields.None
        ? null
        : [.. Enum.GetValues<RewrittenField>().Where(field => ((int)fields & 1 << (int)field) != 0)];

    /// <summary>The same hops with a note at each node where something of this begins.</summary>
    internal static IReadOnlyList<HopEvidence> Annotate(IReadOnlyList<HopEvidence> hops, int sentTos)
    {
        var notes = Translations(hops)
            .Select(step => (step.At, Note: $"nat: {string.Join(", ", step.Fields.Select(Word.Of))} rewritten before this hop"))
            .Concat(Remarkings(hops, sentTos).Select(step => (step.At, Note: $"{Describe(step.From, step.To)} before this hop")))
            .Concat(ZeroTtl(hops).Select(at => (At: at, Note: "zero-TTL: the router before passed on what had ended there")))
            .ToLookup(note => note.At, note => note.Note);
        return notes.Count == 0 ? hops : [.. hops.Select((hop, h) => hop with
        {
            Nodes = [
                .. hop.Nodes.Select((node, n) =>
                notes.Contains(new NodeAt(h, n)) ? node with { Notes = [.. node.Notes, .. notes[new NodeAt(h, n)]] } : node)],
        })];
    }

    /// <summary>
    /// What each flow met, TTL by TTL; a hop where it met several nodes is left out. Nothing where no node at all is of interest.
    /// </summary>
    private static List<NodeAt>[] Walks(IReadOnlyList<HopEvidence> hops, Func<NodeEvidence, bool> isOfInterest)
    {
        if (!hops.Any(hop => hop.Nodes.Any(isOfInterest)))
        {
            return [];
        }

        var walks = new SortedDictionary<int, List<NodeAt>>();
        for (var h = 0; h < hops.Count; h++)
        {
            // Without flow ids all answers are taken for one flow's.
            foreach (var flow in hops[h].Nodes.SelectMany((node, n) =>
                (node.Flows is [] ? [0] : node.Flows).Select(flow => (Flow: flow, Node: n))).GroupBy(met => met.Flow))
            {
                if (!walks.TryGetValue(flow.Key, out var walk))
                {
                    walks.Add(flow.Key, walk = []);
                }

                walk.AddRange(flow.Count() == 1 ? [new NodeAt(h, flow.First().Node)] : []);
            }
        }

        return [.. walks.Values];
    }

    private static bool ShareAFlow(NodeEvidence a, NodeEvidence b) =>
        a.Flows.Count == 0 || b.Flows.Count == 0 || a.Flows.Intersect(b.Flows).Any();
}

/// <summary>A node by its place in the document.</summary>
/// <param name="Hop">Index of the hop.</param>
/// <param name="Node">Index of the node in the hop.</param>
public readonly record struct NodeAt(int Hop, int Node)
{
    /// <summary>The node.</summary>
    public NodeEvidence Of(IReadOnlyList<HopEvidence> hops) => hops[Hop].Nodes[Node];
}
