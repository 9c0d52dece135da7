using Probe.Core.Evidence;

namespace Probe.Report.Paths;

/// <summary>A trace as a graph in layers of TTL: what every picture of a path draws, whatever its format.</summary>
public sealed class PathGraph
{
    private readonly PathNode[] _nodes;

    internal PathGraph(PathNode[] nodes, PathEdge[] edges)
    {
        _nodes = nodes;
        Edges = edges;
        Layers = [.. nodes.GroupBy(node => node.Ttl).OrderBy(layer => layer.Key).Select(layer => (IReadOnlyList<PathNode>)[.. layer])];
    }

    /// <summary>The nodes, by TTL and then as the document has them, silent ones last.</summary>
    public IReadOnlyList<PathNode> Nodes => _nodes;

    /// <summary>The edges, by near end and far end.</summary>
    public IReadOnlyList<PathEdge> Edges { get; }

    /// <summary>The nodes of each TTL, in order.</summary>
    public IReadOnlyList<IReadOnlyList<PathNode>> Layers { get; }

    /// <summary>The node with that number.</summary>
    public PathNode this[int id] => _nodes[id - 1];

    /// <summary>The graph of a trace. Nothing in it is guessed: what one flow did not prove is marked as not proved.</summary>
    public static PathGraph Of(TraceEvidence trace) => new PathGraphBuilder(trace).Build();
}
