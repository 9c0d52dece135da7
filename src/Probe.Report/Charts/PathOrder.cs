using Probe.Core.Packets;
using Probe.Report.Paths;

namespace Probe.Report.Charts;

/// <summary>
/// Orders the nodes of each layer so that few edges cross: each goes to the median of its neighbours, in a fixed number of sweeps.
/// </summary>
internal static class PathOrder
{
    private const int Sweeps = 4;

    /// <summary>The ids of each layer, in the order in which they are drawn; ties stay in the order of addresses.</summary>
    public static IReadOnlyList<IReadOnlyList<int>> Of(PathGraph graph)
    {
        var (parents, children) = Neighbours(graph);
        var layers = graph.Layers.Select(layer => layer.Order(ByAddress).Select(node => node.Id).ToList()).ToList();
        var position = new int[graph.Nodes.Count + 1];
        layers.ForEach(layer => Number(layer, position));
        for (var sweep = 0; sweep < Sweeps; sweep++)
        {
            var down = sweep % 2 == 0;
            for (var i = 1; i < layers.Count; i++)
            {
                var layer = layers[down ? i : layers.Count - 1 - i];
                var key = layer.ToDictionary(id => id, id => Median(down ? parents[id] : children[id], position) ?? 2 * position[id]);
                var sorted = layer.OrderBy(id => key[id]).ToList();
                layer.Clear();
                layer.AddRange(sorted);
                Number(layer, position);
            }
        }

        return layers;
    }

    // Twice the median, so that the mean of two stays whole.
    private static int? Median(List<int> neighbours, int[] position)
    {
        if (neighbours.Count == 0)
        {
            return null;
        }

        var sorted = neighbours.Select(id => position[id]).Order().ToList();
        return sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2];
    }

    private static void Number(List<int> layer, int[] position)
    {
        for (var i = 0; i < layer.Count; i++)
        {
            position[layer[i]] = i;
        }
    }

    private static (List<int>[] Parents, List<int>[] Children) Neighbours(PathGraph graph)
    {
        var count = graph.Nodes.Count + 1;
        var (parents, children) = (new List<int>[count], new List<int>[count]);
        for (var i = 0; i < count; i++)
        {
            (parents[i], children[i]) = ([], []);
        }

        foreach (var edge in graph.Edges)
        {
            parents[edge.To].Add(edge.From);
            children[edge.From].Add(edge.To);
        }

        return (parents, children);
    }

    private static readonly Comparer<PathNode> ByAddress = Comparer<PathNode>.Create((left, right) =>
    {
        var silent = (left.Kind == PathNodeKind.Silent).CompareTo(right.Kind == PathNodeKind.Silent);
        if (silent != 0)
        {
            return silent;
        }

        var (known, other) = (IpAddress.TryParse(left.Address, out var a), IpAddress.TryParse(right.Address, out var b));
        var order = known && other ? a.CompareTo(b) : known != other
            ? other.CompareTo(known) : string.CompareOrdinal(left.Address, right.Address);
        return order != 0 ? order : left.Id.CompareTo(right.Id);
    });
}
