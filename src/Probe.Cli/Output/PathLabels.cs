using Probe.Core.Evidence;
using Probe.Core.Vocabulary;

namespace Probe.Cli.Output;

/// <summary>
/// Short names for the nodes of a trace, so that a table can say where each leads: <c>3</c> for a hop's only one, <c>3a</c>, <c>3b</c>, …
/// for several.
/// </summary>
internal sealed class PathLabels
{
    private readonly Dictionary<(int Ttl, string Address), string> _labels = [];
    private readonly ILookup<(int Ttl, string From), string?> _next;

    public PathLabels(TraceEvidence trace)
    {
        foreach (var hop in trace.Hops)
        {
            for (var i = 0; i < hop.Nodes.Count; i++)
            {
                _labels.TryAdd((hop.Ttl, hop.Nodes[i].Address), $"{hop.Ttl}{(hop.Nodes.Count > 1 ? Letters(i) : "")}");
            }
        }

        _next = trace.Links.Where(link => link.From is not null).ToLookup(link => (link.Ttl, link.From!), link => link.To);
    }

    /// <summary>The name of a node.</summary>
    public string Of(int ttl, string address) => _labels[(ttl, address)];

    /// <summary>Where its traffic goes and by which rule it is spread: <c>per-flow 3a-3d</c>.</summary>
    public string Next(int ttl, NodeEvidence node)
    {
        var to = _next[(ttl, node.Address)].ToHashSet(StringComparer.Ordinal);
        var known = _labels.Where(label => label.Key.Ttl == ttl + 1).ToList();
        var parts = new List<string>();
        if (node.Balancing is not (NodeBalancing.Single or NodeBalancing.Unknown))
        {
            parts.Add(Word.Of(node.Balancing));
        }

        for (var i = 0; i < known.Count; i++)
        {
            if (!to.Contains(known[i].Key.Address))
            {
                continue;
            }

            var first = i;
            while (i + 1 < known.Count && to.Contains(known[i + 1].Key.Address))
            {
                i++;
            }

            parts.Add(first == i ? known[i].Value : $"{known[first].Value}{(first + 1 == i ? "," : "-")}{known[i].Value}");
        }

        if (to.Contains(null))
        {
            parts.Add(TraceCells.Silent);
        }

        return string.Join(' ', parts);
    }

    // a … z, aa … az, ba …
    private static string Letters(int index) => (index >= 26 ? Letters(index / 26 - 1) : "") + (char)('a' + index % 26);
}
