using System.Globalization;
using Probe.Core.Evidence;
using Probe.Core.Vocabulary;

namespace Probe.Cli.Output;

/// <summary>What the cells of a trace say, in the table, in the live view and in the lines of many targets alike.</summary>
internal static class TraceCells
{
    /// <summary>Stands for the address of a hop that never answered.</summary>
    public const string Silent = "*";

    private const int LongestSystemName = 24;

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
                yield return TraceWords.Describe(reply, trace, node.Address == trace.Address);
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
}
