using Probe.Core.Evidence;
using Probe.Core.Vocabulary;

namespace Probe.Core.Tracing;

/// <summary>
/// Splits what a hop did not answer into loss and rate limiting. A probe that a later hop answered did pass the earlier ones,
/// so a hop's loss is never more than the smallest loss at any later hop; the rest was the hop keeping silent.
/// </summary>
internal static class LossAttribution
{
    /// <summary>The note of a hop whose loss cannot be told from rate limiting.</summary>
    public const string PossibleNote = HopEvidence.RateLimitPossible;

    /// <summary>Fills in loss, rate limiting and notes.</summary>
    public static List<HopEvidence> Apply(IReadOnlyList<HopEvidence> hops)
    {
        var attributed = new HopEvidence[hops.Count];
        var smallestLater = 1.0;
        var laterIsHonest = false;
        var laterAnswered = false;
        for (var i = hops.Count - 1; i >= 0; i--)
        {
            var hop = hops[i];
            if (hop.Sent == 0)
            {
                attributed[i] = hop;
                continue;
            }

            var raw = (double)(hop.Sent - hop.Received) / hop.Sent;
            var honest = hop.Received > 0 && hop.Nodes.All(node => node.Replies.All(reply => !ReplyKinds.MayBeRateLimited(reply.Kind)));
            var floor = Math.Min(raw, smallestLater);

            // Only an answer that nobody throttles, here or further on, turns silence into loss.
            var provable = floor == 0 || honest || laterIsHonest || (hop.Received == 0 && !laterAnswered);
            attributed[i] = hop with
            {
                Loss = provable ? floor : null,
                RateLimited = Math.Round(raw - floor, 9),
                Notes = provable ? hop.Notes : [.. hop.Notes, PossibleNote],
                Nodes = Bounded(hop.Nodes, provable ? floor : null),
            };
            laterIsHonest |= honest;
            laterAnswered |= hop.Received > 0;
            smallestLater = hop.Received > 0 ? floor : smallestLater;
        }

        return [.. attributed];
    }

    private static IReadOnlyList<NodeEvidence> Bounded(IReadOnlyList<NodeEvidence> nodes, double? floor) =>
        nodes.All(node => node.Loss == Bound(node.Loss, floor))
            ? nodes : [.. nodes.Select(node => node with { Loss = Bound(node.Loss, floor) })];

    private static double? Bound(double? raw, double? floor) => raw is { } own && floor is { } bound ? Math.Min(own, bound) : null;
}
