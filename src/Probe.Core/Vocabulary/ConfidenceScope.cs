namespace Probe.Core.Vocabulary;

/// <summary>What the stated confidence is of.</summary>
public enum ConfidenceScope
{
    /// <summary>Of each node's next hops, as other implementations have it.</summary>
    Hop,

    /// <summary>Of the whole graph: every node's risk is made so small that all of them together stay within it.</summary>
    Graph,
}
